import sendas from './index.js'

export const {
  ArrowError, Decision, Directory, Explanation, NULL, Observations, Policy, PolicyError, PostfixLog, REASONS, RecordError, Reply, RequestRecord, Session,
  Snapshot, SnapshotError, obligations, policySchema
} = sendas
