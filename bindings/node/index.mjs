import sendas from './index.js'

export const { Decision, NULL, Policy, PolicyError, REASONS, Reply, Session, Snapshot, policySchema } = sendas
