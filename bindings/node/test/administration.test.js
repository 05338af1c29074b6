'use strict'

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const { Directory, Policy, RequestRecord, Snapshot, obligations } = require('..')

const FOLDER = join(__dirname, '../../../tests/administration')
const NOW = '2026-12-01T00:00:00Z'

test('every command is decided as its vector says', () => {
  let count = 0
  for (const name of readdirSync(FOLDER).sort()) {
    const { actors, states, vectors, matrix = [] } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    const built = new Map(Object.entries(states).map(([name, given]) => [name, state(given, actors)]))
    for (const vector of vectors) {
      const answer = decide(built.get(vector.state), vector, actors, vector.id)
      check(vector, answer)
      if (vector.then) {
        // A directory of its own, as the other vectors begin in the state before.
        const after = state(states[vector.state], actors)
        if (answer.outcome === 'changed') after.apply(answer.record)
        ask(vector, Snapshot.compile(after.policy()))
      }
      count += 1
    }
    for (const row of matrix) {
      for (const actor of Object.keys(actors)) {
        const { refusal } = decide(built.get('plain'), { ...row, actor }, actors, 'row')
        assert.equal(['actor_may_not', 'permission_missing'].includes(refusal), !row.may.includes(actor), `${actor}: ${refusal}`)
        count += 1
      }
    }
  }
  assert.notEqual(count, 0)
  console.log(`administration vectors node=${count}`)
})

function check ({ id, expect }, answer) {
  const got = { ...answer, events: answer.record?.events, warnings: answer.warnings?.map(({ warning }) => warning) }
  for (const [member, value] of Object.entries(expect)) assert.ok(covers(got[member], value), `${id} ${member}: ${JSON.stringify(got)}`)
  assert.equal(got.refusal, expect.refusal, id)
}

/** Asks the snapshot after the command what the vector expects of it. */
function ask ({ id, then }, snapshot) {
  for (const { from, verdict, reasons, ...facts } of then) {
    const header = { fields: [['From', ` <${from}>`]] }
    const record = RequestRecord.fromJson(JSON.stringify({ now: NOW, channel: 'api', envelope: { path: `<${from}>` }, header, ...facts }))
    const decision = snapshot.evaluate(record.request())
    assert.deepEqual([decision.verdict, decision.reasons.map(({ reason }) => reason)], [verdict, reasons], `${id} ${from}`)
  }
}

function covers (got, expected) {
  if (Array.isArray(expected)) return Array.isArray(got) && got.length === expected.length && expected.every((one, index) => covers(got[index], one))
  if (typeof expected === 'object' && expected !== null) {
    return typeof got === 'object' && got !== null && Object.entries(expected).every(([name, value]) => covers(got[name], value))
  }
  return got === expected
}

function state ({ policy, given = [] }, actors) {
  const directory = new Directory()
  const records = directory.importPolicy(Policy.fromJson(JSON.stringify(policy)), { name: 'vectors', now: 0 })
  records.forEach(record => directory.apply(record))
  given.forEach((step, index) => directory.apply(decide(directory, step, actors, `given-${index}`).record))
  return directory
}

function decide (directory, { actor, command, order, now = NOW, expected }, actors, id) {
  return directory.decide(typeof actor === 'string' ? actors[actor] : actor, command, { id: order ?? id, now: new Date(now), expected })
}

test('a log folds, and a snapshot follows it', () => {
  const directory = new Directory()
  let snapshot = Snapshot.compile(directory.policy())
  const answer = directory.decide({ kind: 'provider', name: 'test' }, { command: 'add_tenant', tenant: 'acme' }, { id: 'c1', now: 0 })
  assert.equal(answer.outcome, 'changed')
  directory.apply(answer.record)
  snapshot = snapshot.follow(directory, answer.record)
  assert.equal(snapshot.id, Snapshot.compile(directory.policy()).id)
  assert.deepEqual(obligations(answer.record), [])
  assert.equal(Directory.fromLog(JSON.stringify(answer.record)).sequence, 1)
  assert.throws(() => directory.apply(answer.record), /the next record is 2/)
  assert.throws(() => Directory.fromLog('{}'), /the required key `sequence` is missing/)
  assert.throws(() => directory.decide({ kind: 'host' }, { command: 'add_tenan' }, { id: 'c2', now: 0 }), /did you mean `add_tenant`/)
})

test('a record that fits may bring a problem', () => {
  const directory = new Directory()
  const record = { schema: 1, sequence: 1, at: NOW, by: { kind: 'host' }, id: 'one', command: 'add_tenant', tenant: 'acme', version: 1 }
  const added = parent => ({ ...record, events: [{ event: 'tenant_added', ...parent }] })
  assert.deepEqual(directory.problemsAfter(added({ parent: 'none' })), ['there is no tenant `none`'])
  assert.deepEqual(directory.problemsAfter(added()), [])
  assert.throws(() => directory.problemsAfter({ ...added(), sequence: 2 }), /the next record is 1/)
})
