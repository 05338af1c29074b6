'use strict'

const assert = require('node:assert/strict')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')

const { Policy, Snapshot, SnapshotError } = require('..')
const { TOML, request } = require('./policy.js')

const hashKey = new Uint8Array(16).fill(7)
const snapshot = Snapshot.compile(Policy.fromToml(TOML), { hashKey })
const sealed = snapshot.seal()

describe('sealed snapshots', () => {
  test('what was sealed is the snapshot', t => {
    const folder = mkdtempSync(join(tmpdir(), 'sendas-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'policy.sendas')
    writeFileSync(path, sealed)
    for (const opened of [Snapshot.open(sealed), Snapshot.open(path), Snapshot.open(pathToFileURL(path))]) {
      opened.verify()
      assert.equal(opened.id, snapshot.id)
      assert.deepEqual(opened.tenants(), snapshot.tenants())
      assert.deepEqual(opened.evaluate(request()).toJSON(), snapshot.evaluate(request()).toJSON())
      assert.deepEqual(opened.seal(), sealed)
    }
    assert.throws(() => Snapshot.open(join(folder, 'none')), { code: 'ENOENT' })
    assert.throws(() => Snapshot.open(folder), { code: 'EISDIR' })
  })

  test('a change of an opened snapshot seals as if compiled so', () => {
    const changed = Policy.fromToml(`${TOML}\n[[tenant]]\nid = "added"\n`)
    const followed = Snapshot.open(sealed).replaceTenant('added', changed)
    const compiled = Snapshot.compile(changed, { hashKey })
    assert.deepEqual(followed.seal(), compiled.seal())
    assert.deepEqual(followed.compact().seal(), compiled.seal())
  })

  test('a delta leads from one to the other', () => {
    const old = Snapshot.open(sealed)
    const added = old.replaceTenant('added', Policy.fromToml('schema = 1\n[[tenant]]\nid = "added"\n'))
    const delta = old.delta(added)
    assert.ok(delta.length < added.seal().length)
    assert.deepEqual(old.applyDelta(delta).seal(), added.seal())
    const shared = new Uint8Array(new SharedArrayBuffer(delta.length))
    shared.set(delta)
    assert.deepEqual(old.applyDelta(shared).seal(), added.seal())
    const refused = message => error => error instanceof SnapshotError && message.test(error.message)
    assert.throws(() => added.applyDelta(delta), refused(/the delta is for snapshot/))
    assert.throws(() => old.delta(Snapshot.compile(Policy.fromToml(TOML))), refused(/different hash keys/))
  })

  test('what is no sound snapshot is refused', () => {
    const altered = (at, octet) => { const copy = Uint8Array.from(sealed); copy[at] = octet; return copy }
    for (const [wrong, message] of [
      [new Uint8Array(0), /not a sealed snapshot/],
      [Buffer.from(TOML), /not a sealed snapshot/],
      [sealed.subarray(0, -1), /cut short/],
      [Buffer.concat([sealed, Buffer.from('0')]), /stand behind/],
      [altered(8, 200), /version 200/],
      [altered(100, sealed[100] ^ 1), /damaged/]
    ]) {
      assert.throws(() => Snapshot.open(wrong), error => error instanceof SnapshotError && message.test(error.message))
    }
    assert.throws(() => Snapshot.open(1), TypeError)
  })

  test('a damaged block is found', () => {
    const damaged = Uint8Array.from(sealed)
    damaged[damaged.length - 20] ^= 1
    assert.throws(() => Snapshot.open(damaged).verify(), SnapshotError)
  })
})
