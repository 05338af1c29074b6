'use strict'

// What a decision costs where many are asked for in one call, beside the same call in Rust.
// The package is built with feature `bench` in the folder that the first argument names.

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')

const { plain, quantile } = require('./facts.js')

const [folder, policyPath, requestsPath] = process.argv.slice(2)
const { Policy, RequestRecord, Snapshot } = require(join(folder, 'index.js'))
const { coreNanosecondsOfMany } = require(join(folder, readdirSync(folder).find(name => name.endsWith('.node'))))

// The package's tests have it.
const arrow = createRequire(join(__dirname, '../../bindings/node/package.json'))('apache-arrow')

const ROUNDS = 60

const COLUMNS = ['verdict', 'reason']

const snapshot = Snapshot.compile(Policy.fromPath(policyPath))
const lines = readFileSync(requestsPath, 'utf8').trimEnd().split('\n')
const records = lines.map(line => RequestRecord.fromJson(line))
const requests = records.map(record => plain(record.request()))

/** The same requests as a stream of Arrow. */
function columns () {
  const text = new arrow.Utf8()
  const member = name => new arrow.Field(name, text, true)
  const fields = new arrow.List(new arrow.Field('item', new arrow.Struct([member('name'), member('body')]), true))
  const column = (read, type = text) => arrow.vectorFromArray(requests.map(read), type)
  return arrow.tableToIPC(new arrow.Table({
    now: column(({ now }) => BigInt(now), new arrow.Int64()),
    channel: column(({ channel }) => channel),
    account: column(({ account }) => account),
    client_ip: column(({ clientIp }) => clientIp),
    credential_kind: column(({ credential }) => credential.kind),
    tls: column(({ tls }) => tls),
    envelope_sender: column(({ envelopeSender }) => envelopeSender),
    header: column(({ header }) => header.map(([name, body]) => ({ name, body })), fields)
  }))
}

const stream = columns()
const decided = options => arrow.tableFromIPC(snapshot.evaluateArrow(stream, options))
const calls = {
  evaluateMany: () => snapshot.evaluateMany(requests),
  'evaluateMany, each verdict': () => snapshot.evaluateMany(requests).map(({ verdict }) => verdict),
  evaluateArrow: () => decided(),
  [`evaluateArrow, columns: ${JSON.stringify(COLUMNS)}`]: () => decided({ columns: COLUMNS })
}
const verdicts = calls['evaluateMany, each verdict']()
assert.deepEqual(Array.from(calls.evaluateArrow().getChild('verdict')), verdicts)

const timed = call => () => {
  const started = process.hrtime.bigint()
  call()
  return Number(process.hrtime.bigint() - started) / requests.length
}
const measures = { core: () => coreNanosecondsOfMany(snapshot, records) }
for (const [name, call] of Object.entries(calls)) measures[name] = timed(call)

const taken = Object.fromEntries(Object.keys(measures).map(name => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, measure] of Object.entries(measures)) taken[name].push(measure())
}
// A call is so long that the system often takes the processor away meanwhile.
const quick = name => quantile(taken[name], 0.1)
for (const call of Object.keys(calls)) console.log(JSON.stringify({ language: 'node', call, ns: quick(call), core: quick('core') }))
