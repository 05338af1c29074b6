import sendas from './index.js'

export const {
  Decision, Directory, Explanation, NULL, Observations, Policy, PolicyError, PostfixLog, REASONS, RecordError, Reply, RequestRecord, Session,
  Snapshot, SnapshotError, obligations, policySchema
} = sendas
