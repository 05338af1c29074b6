'use strict'

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const { Directory, Observations, Policy, PostfixLog, RequestRecord } = require('..')

const FOLDER = join(__dirname, '../../../tests/rollout')
const PROVIDER = { kind: 'provider', name: 'vectors' }

test('every answer is as its vector says', () => {
  let count = 0
  for (const name of readdirSync(FOLDER).sort()) {
    const { policies = {}, vectors } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    for (const vector of vectors) {
      check(vector, policies)
      count += 1
    }
  }
  assert.notEqual(count, 0)
  console.log(`rollout vectors node=${count}`)
})

function check (vector, policies) {
  const { observations, counts } = observed(vector)
  const got = { dropped: observations.dropped, unattributed: observations.unattributed, counts, expect: answer(vector, policies, observations) }
  for (const [name, value] of Object.entries(got)) {
    if (name in vector) assert.ok(covers(value, vector[name]), `${vector.id} ${name}: ${JSON.stringify(value)}`)
  }
}

function answer (vector, policies, observations) {
  const [[asked, details]] = Object.entries(vector.ask)
  const now = new Date(vector.now ?? '2026-12-01T00:00:00Z')
  switch (asked) {
    case 'tallies': return observations.tallies().filter(tally => covers(tally, details))
    case 'coverage': return directory(vector, policies).coverage(observations, { now })
    case 'choose': return directory(vector, policies).choose(observations, { least: details.least, now })
    case 'outlook': return directory(vector, policies).outlook(observations, { now })
    case 'preflight': {
      const order = { id: 'asked', now, hashKey: new Uint8Array(16) }
      return directory(vector, policies).preflight(observations, details.actor, details.command, order)
    }
    default: return policy(vector.policy, policies).preflight(policy(details, policies), observations, { now })
  }
}

function observed (vector) {
  const most = vector.most ?? 1000
  const together = new Observations(most)
  const apart = [new Observations(most), new Observations(most)]
  const { records, counts } = read(vector)
  records.forEach((record, index) => {
    together.observe(record.request())
    apart[index % 2].observe(record.request())
  })
  apart[0].merge(apart[1])
  assert.equal(apart[0].toJsonLines(), together.toJsonLines(), vector.id)
  assert.equal(Observations.fromJsonLines(together.toJsonLines()).toJsonLines(), together.toJsonLines())
  return { observations: together, counts }
}

function read ({ postfix, requests }) {
  if (postfix === undefined) return { records: requests.map(request => RequestRecord.fromJson(JSON.stringify(request))) }
  const { year, offset, lines } = postfix
  const log = new PostfixLog({ most: 100, year, offset })
  const records = lines.map(line => log.push(line)).filter(line => line instanceof RequestRecord)
  return { records, counts: log.counts() }
}

function directory (vector, policies) {
  const directory = new Directory()
  directory.importPolicy(policy(vector.policy, policies), { name: 'vectors', now: 0 }).forEach(record => directory.apply(record))
  for (const [index, command] of (vector.given ?? []).entries()) {
    directory.apply(directory.decide(PROVIDER, command, { id: `given-${index}`, now: 0 }).record)
  }
  return directory
}

function policy (given, policies) {
  return Policy.fromJson(JSON.stringify(typeof given === 'string' ? policies[given] : given))
}

function covers (got, expected) {
  if (expected === null) return got === null || got === undefined
  if (Array.isArray(expected)) return Array.isArray(got) && got.length === expected.length && expected.every((one, index) => covers(got[index], one))
  if (typeof expected === 'object') {
    return typeof got === 'object' && got !== null && Object.entries(expected).every(([name, value]) => covers(got[name], value))
  }
  return got === expected
}

test('lines of a mail log say what they came to', () => {
  const log = new PostfixLog({ most: 1, offset: 0 })
  const client = '2026-12-01T00:00:00Z mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2.1], sasl_username=ann'
  assert.equal(log.push(client), 'taken')
  const record = log.push(Buffer.from('2026-12-01T00:00:01Z mx postfix/qmgr[1]: 4F1A2B: from=<\xff@b.example>, size=1, nrcpt=1 (queue active)\n', 'latin1'))
  assert.equal(record.request().account.toString(), 'ann')
  const others = [[Buffer.from([0, 255]), 'syntax'], ['2026-12-01T00:00:00Z mx kernel: x', 'other'], ['2026-02-30T00:00:00Z mx a[1]: x', 'date'],
    ['Dec  1 00:00:00 mx a[1]: x', 'year'], [client.slice(0, -30), 'text']]
  for (const [line, cameTo] of others) assert.equal(log.push(line), cameTo, line)
  assert.deepEqual(log.counts(), { messages: 1, other: 1, not_understood: 4, not_submitted: 0, not_queued: 0 })
})

test('what is pending can be shown', () => {
  const directory = new Directory()
  const given = { schema: 1, tenant: [{ id: 'acme', account: [{ id: 'ann', role: 'Admin' }], identity: [{ address: 'a@list.example', consent: 'given' }] }] }
  directory.importPolicy(Policy.fromJson(JSON.stringify(given)), { name: 'test', now: 0 }).forEach(record => directory.apply(record))
  assert.deepEqual(directory.consents('A@list.example'), [{ pair: { tenant: 'acme', address: 'a@list.example' }, consent: 'given' }])
  const challenge = '11'.repeat(16)
  const found = { result: 'found', records: [[`sendas-verification=${challenge}`]] }
  const absent = { result: 'absent' }
  for (const [actor, command] of [
    [PROVIDER, { command: 'add_domain', tenant: 'acme', domain: 'acme.example', challenge }],
    [{ kind: 'host' }, { command: 'observe_dns', tenant: 'acme', domain: 'acme.example', observation: { expected: found, apex: absent, doubled: absent } }]
  ]) directory.apply(directory.decide(actor, command, { id: command.command, now: 0 }).record)
  const desk = directory.desk('acme')
  assert.deepEqual([desk.id, desk.version, desk.challenges[0].outcome], ['acme', 3, 'verified'])
  assert.equal(desk.tenant.identity[0].address, 'a@list.example')
  assert.equal(directory.desk('globex'), null)
  assert.deepEqual(directory.rechecksDue(0), [])
  assert.deepEqual(directory.rechecksDue(86_400).map(due => due.names.expected), ['domauthvalidation.acme.example'])
  assert.throws(() => directory.consents('nobody'), /`address`: /)
})

test('what cannot be read throws', () => {
  assert.throws(() => Observations.fromJsonLines('{"schema":1}'), /1:1: the required key `most` is missing/)
  const observations = new Observations(10)
  assert.throws(() => new Directory().outlook(observations, { now: 0, hashKey: new Uint8Array(3) }), TypeError)
  assert.throws(() => new Directory().outlook(observations, { now: 0, hashkey: new Uint8Array(16) }), /has no member `hashkey`/)
  assert.throws(() => new Directory().preflight(observations, PROVIDER, { command: 'add_tenan' }, { id: '1', now: 0 }), /did you mean `add_tenant`/)
  assert.throws(() => new Directory().coverage({}, { now: 0 }), TypeError)
  assert.throws(() => observations.observe({ now: 0 }), TypeError)
  assert.throws(() => new Observations(-1), TypeError)
  assert.throws(() => new PostfixLog({ most: 1, offset: 0.5 }), TypeError)
  // Observations that are added to themselves count twice.
  observations.observe({ now: 0, channel: 'smtp', account: 'ann' })
  observations.merge(observations)
  assert.equal(observations.counted.clients, 2)
  assert.equal(new Directory().preflight(observations, { kind: 'host' }, { command: 'add_tenant', tenant: 'a' }, { id: '1', now: 0 }).refusal, 'actor_may_not')
})
