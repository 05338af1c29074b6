// Compiled, never run: the types are found from CommonJS too.

import sendas = require('sendas')

const snapshot: sendas.Snapshot = sendas.Snapshot.compile(sendas.Policy.fromJson('{"schema":1}'))
const verdict: sendas.Verdict = snapshot.evaluate({ now: 0, channel: 'api', stage: 'session' }).verdict
const schema: string = sendas.policySchema()

export = { schema, verdict }
