import sendas from './index.js'

export const {
  Decision, Directory, Explanation, NULL, Observations, Policy, PolicyError, PostfixLog, REASONS, RecordError, Reply, RequestRecord, Session,
  Snapshot, obligations, policySchema
} = sendas
