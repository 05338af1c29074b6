'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Decision } = require('..')
const { client, load, request: known } = require('./vectors.js')

test('every vector is decided as it says', async t => {
  const vectors = load()
  for (const [vector, snapshot] of vectors) await t.test(vector.id, () => check(vector, snapshot))
  assert.notEqual(vectors.length, 0)
  console.log(`vectors node=${vectors.length}`)
})

function check (vector, snapshot) {
  const { stage, expect } = vector
  const request = known(vector)
  const decision = snapshot === null ? Decision.withoutSnapshot(stage) : snapshot.evaluate(request)
  assert.deepEqual(shape(decision), {
    stage,
    verdict: expect.verdict,
    action: expect.action,
    reasons: expect.reasons,
    would_deny: expect.would_deny ?? [],
    omitted: expect.omitted ?? 0,
    provisional: expect.provisional ?? false
  })
  assert.equal(decision.allowed, expect.verdict === 'allow')
  if (expect.granted) assert.deepEqual(decision.grants.map(({ basis, place: { subject } }) => ({ basis, subject })), expect.granted)
  if (expect.reply) checkReply(decision.reply('rfc6409'), expect.reply)
  if (expect.postfix_reply) checkReply(decision.reply('postfix'), expect.postfix_reply)
  if (expect.http) assert.equal(decision.problem()?.status, expect.http)
  if (expect.jmap) assert.equal(decision.setError()?.type, expect.jmap)
  if (snapshot === null) return

  // A number as instant, so that requests of strings are put together.
  for (const now of [request.now, request.now.getTime() / 1000]) {
    const all = snapshot.evaluateMany([{ ...request, now }, { now: 0, channel: 'smtp' }, { ...request, now }])
    for (const many of [all[0], all[2]]) {
      const { stage, verdict, action, provisional } = many
      const whole = decision.toJSON()
      assert.deepEqual([stage, verdict, action, provisional], [whole.stage, whole.verdict, whole.action, whole.provisional ?? false])
      assert.deepEqual(many.toJSON(), whole)
    }
  }
  assert.deepEqual(staged(snapshot, client(vector.request), request).toJSON(), decision.toJSON())
  const explained = snapshot.explain(request, 'provider')
  assert.equal(explained.verdict, decision.verdict)
  assert.deepEqual(explained.reasons.filter(({ enforced }) => enforced).map(({ reason }) => reason), decision.reasons.map(({ reason }) => reason))
}

/** Decides step by step, as a server does. */
function staged (snapshot, client, { now, smtputf8, envelopeSender, header, stage }) {
  const session = snapshot.session(client)
  if (stage !== 'session') session.mailFrom(snapshot, { now, smtputf8, envelopeSender })
  if (stage === 'message') session.message(header)
  return session.decision
}

function shape (decision) {
  const findings = findings => findings.map(({ reason, place: { subject } }) => ({ reason, subject }))
  return {
    stage: decision.stage,
    verdict: decision.verdict,
    action: decision.action,
    reasons: findings(decision.reasons),
    would_deny: findings(decision.wouldDeny),
    omitted: decision.omitted,
    provisional: decision.provisional
  }
}

function checkReply (reply, expected) {
  assert.equal(reply.code, expected.code)
  assert.equal(reply.enhanced, expected.enhanced)
  if (expected.text !== undefined) assert.equal(reply.text, expected.text)
  assert.equal(String(reply), `${reply.code} ${reply.enhanced} ${reply.text}`)
}
