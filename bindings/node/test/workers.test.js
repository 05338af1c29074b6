'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { Policy, Snapshot } = require('..')
const { TOML, request } = require('./policy.js')

const SCRIPT = `
const { parentPort, workerData: { binding, text, requests, rounds } } = require('node:worker_threads')
const { Policy, Snapshot } = require(binding)
for (let round = 0; round < rounds; round += 1) {
  const snapshot = Snapshot.compile(Policy.fromToml(text))
  const decisions = requests.map(request => snapshot.evaluate(request).toJSON())
  parentPort.postMessage({ decisions, many: snapshot.evaluateMany(requests).map(decision => decision.toJSON()) })
}`

test('four workers at once decide as the main thread', async () => {
  const rounds = 50
  const requests = [request({}), request({ envelopeSender: '<gloria@globex.example>' }), request({ header: undefined })]
  const snapshot = Snapshot.compile(Policy.fromToml(TOML))
  const expected = requests.map(request => snapshot.evaluate(request).toJSON())
  const workerData = { binding: require.resolve('..'), text: TOML, requests, rounds }
  const answers = await Promise.all(Array.from({ length: 4 }, async () => {
    const worker = new Worker(SCRIPT, { eval: true, workerData })
    const answers = []
    worker.on('message', answer => answers.push(answer))
    const [code] = await once(worker, 'exit')
    assert.equal(code, 0)
    return answers
  }))
  for (const worker of answers) {
    assert.equal(worker.length, rounds)
    for (const { decisions, many } of worker) {
      assert.deepEqual(decisions, expected)
      assert.deepEqual(many, expected)
    }
  }
})
