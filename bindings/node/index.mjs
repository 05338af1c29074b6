import sendas from './index.js'

export const { Decision, Policy, PolicyError, REASONS, Reply, Session, Snapshot, policySchema } = sendas
