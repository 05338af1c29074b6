import sendas from './index.js'

export const {
  Decision, Explanation, NULL, Policy, PolicyError, REASONS, RecordError, Reply, RequestRecord, Session, Snapshot, policySchema
} = sendas
