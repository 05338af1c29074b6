'use strict'

// What a decision costs where many are asked for in one call, beside the same call in Rust.
// The package is built with feature `bench` in the folder that the first argument names.

const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

const { plain, quantile } = require('./facts.js')

const [folder, policyPath, requestsPath] = process.argv.slice(2)
const { Policy, RequestRecord, Snapshot } = require(join(folder, 'index.js'))
const { coreNanosecondsOfMany } = require(join(folder, readdirSync(folder).find(name => name.endsWith('.node'))))

const ROUNDS = 60

const snapshot = Snapshot.compile(Policy.fromPath(policyPath))
const lines = readFileSync(requestsPath, 'utf8').trimEnd().split('\n')
const requests = lines.map(line => plain(RequestRecord.fromJson(line).request()))

const measures = {
  core: () => coreNanosecondsOfMany(snapshot, requests),
  evaluateMany () {
    const started = process.hrtime.bigint()
    snapshot.evaluateMany(requests)
    return Number(process.hrtime.bigint() - started) / requests.length
  }
}

const taken = Object.fromEntries(Object.keys(measures).map(name => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, measure] of Object.entries(measures)) taken[name].push(measure())
}
// A call is so long that the system often takes the processor away meanwhile.
const [ns, core] = [taken.evaluateMany, taken.core].map(samples => quantile(samples, 0.1))
console.log(JSON.stringify({ language: 'node', call: 'evaluateMany', ns, core }))
