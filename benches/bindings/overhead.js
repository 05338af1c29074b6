'use strict'

// What one call of `Snapshot.evaluate` costs beyond the decision, beside calls of the same signature with an empty body.
// The package is built with feature `bench` in the folder that the first argument names.

const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

const { median, plain } = require('./facts.js')

const [folder, policyPath, requestsPath] = process.argv.slice(2)
const { Policy, RequestRecord, Snapshot } = require(join(folder, 'index.js'))
const { coreNanoseconds, emptyRead, emptyUnread } = require(join(folder, readdirSync(folder).find(name => name.endsWith('.node'))))

const ROUNDS = 20

// The calls that are timed as one: so few that the system seldom takes the processor away meanwhile.
const RUN = 50

const snapshot = Snapshot.compile(Policy.fromPath(policyPath))
const lines = readFileSync(requestsPath, 'utf8').trimEnd().split('\n')
const records = lines.map(line => RequestRecord.fromJson(line))
const requests = records.map(record => plain(record.request()))

const elapsed = started => Number(process.hrtime.bigint() - started) / RUN

// Each has a loop of its own, so that no call is made through a place that another one has used.
const measures = {
  evaluate (run) {
    const started = process.hrtime.bigint()
    for (const request of run) snapshot.evaluate(request)
    return elapsed(started)
  },
  read (run) {
    const started = process.hrtime.bigint()
    for (const request of run) emptyRead(request)
    return elapsed(started)
  },
  unread (run) {
    const started = process.hrtime.bigint()
    for (const request of run) emptyUnread(request)
    return elapsed(started)
  },
  core: (_, records) => coreNanoseconds(snapshot, records)
}

const taken = Object.fromEntries(Object.keys(measures).map(name => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (let start = 0; start + RUN <= requests.length; start += RUN) {
    const [run, recorded] = [requests, records].map(all => all.slice(start, start + RUN))
    for (const request of run) snapshot.evaluate(request)
    for (const [name, measure] of Object.entries(measures)) taken[name].push(measure(run, recorded))
  }
}

const result = Object.fromEntries(Object.entries(taken).map(([name, samples]) => [name, median(samples)]))
console.log(JSON.stringify({ language: 'node', ...result }))
