import sendas from './index.js'

export const {
  Decision, Directory, Explanation, NULL, Policy, PolicyError, REASONS, RecordError, Reply, RequestRecord, Session, Snapshot, obligations,
  policySchema
} = sendas
