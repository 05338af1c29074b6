'use strict'

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const { Decision, NULL, Policy, Snapshot } = require('..')

const FOLDER = join(__dirname, '../../../tests/vectors')

test('every vector is decided as it says', async t => {
  let count = 0
  for (const name of readdirSync(FOLDER).filter(name => name.endsWith('.json')).sort()) {
    const { policies = {}, vectors } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    const compiled = new Map(Object.entries(policies).map(([name, policy]) => [name, compile(policy)]))
    for (const vector of vectors) {
      const { policy } = vector
      const snapshot = compiled.get(policy) ?? (policy === null ? null : compile(policy))
      await t.test(vector.id, () => check(vector, snapshot))
      count += 1
    }
  }
  assert.notEqual(count, 0)
  console.log(`vectors node=${count}`)
})

function compile (policy) {
  return Snapshot.compile(Policy.fromJson(JSON.stringify(policy)))
}

function check ({ stage, request: given, expect }, snapshot) {
  const known = client(given)
  const request = { ...known, ...message(given), stage }
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
  assert.deepEqual(staged(snapshot, known, request).toJSON(), decision.toJSON())
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

function client ({ now, channel, account, role, client_ip: clientIp, credential, tls }) {
  return {
    now: new Date(now),
    channel,
    account: text(account),
    role: text(role),
    clientIp: text(clientIp),
    credential: credential && { kind: credential.kind, id: text(credential.id), scopes: credential.scopes?.map(text) },
    tls
  }
}

function message ({ smtputf8, envelope, header }) {
  const block = header && (header.fields?.map(field => field.map(text)) ?? text(header.block))
  return { smtputf8, envelopeSender: envelope && sender(envelope), header: block }
}

function sender (envelope) {
  if (envelope.null) return NULL
  return envelope.unquoted === undefined ? text(envelope.path) : { unquoted: text(envelope.unquoted) }
}

/** Strings stay strings, so that both forms of text are tried. */
function text (value) {
  if (value === undefined || typeof value === 'string') return value
  if (value.hex !== undefined) return Buffer.from(value.hex, 'hex')
  return value.parts.map(part => typeof part === 'string' ? part : part.repeat.repeat(part.times)).join('')
}
