'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const arrow = require('apache-arrow')

const { ArrowError, NULL, Policy, Snapshot } = require('..')
const { batches, row, rows, stream, table } = require('./arrow_tables.js')
const { NOW, TOML, request } = require('./policy.js')
const { load, request: known } = require('./vectors.js')

const snapshot = Snapshot.compile(Policy.fromToml(TOML))

test('every vector is decided in columns as it is by `evaluate`', () => {
  let count = 0
  for (const [vector, snapshot] of load()) {
    if (snapshot === null) continue
    const request = known(vector)
    assert.deepEqual(rows(snapshot.evaluateArrow(stream(table([request])))), [row(snapshot.evaluate(request))], vector.id)
    count += 1
  }
  assert.ok(count > 100)
})

describe('generated requests are decided alike', () => {
  for (const text of [new arrow.Binary(), new arrow.LargeBinary(), new arrow.BinaryView(), new arrow.Utf8(), new arrow.LargeUtf8(), new arrow.Utf8View()]) {
    test(String(text), () => {
      const requests = generated(400)
      const expected = snapshot.evaluateMany(requests).map(row)
      assert.deepEqual(new Set(expected.map(({ verdict }) => verdict)), new Set(['allow', 'deny']))
      const whole = table(requests, text)
      assert.deepEqual(rows(snapshot.evaluateArrow(stream(whole))), expected)
      const parts = [0, 7, 7, 64, 399, 400].map((start, index, all) => table(requests.slice(start, all[index + 1] ?? 400), text))
      assert.deepEqual(rows(snapshot.evaluateArrow(stream(batches(parts.filter(({ numRows }) => numRows > 0))))), expected)
    })
  }
})

test('text in a dictionary is read, with keys of any width', () => {
  const requests = generated(100)
  const expected = snapshot.evaluateMany(requests).map(row)
  for (const keys of ['Int8', 'Int16', 'Int32', 'Uint8', 'Uint16', 'Uint32']) {
    const encode = vector => vector.type instanceof arrow.Utf8
      ? arrow.vectorFromArray(vector.toArray(), new arrow.Dictionary(new arrow.Utf8(), new arrow[keys]()))
      : vector
    const plain = table(requests, new arrow.Utf8())
    const columns = Object.fromEntries(plain.schema.fields.map(({ name }) => [name, encode(plain.getChild(name))]))
    assert.deepEqual(rows(snapshot.evaluateArrow(stream(new arrow.Table(columns)))), expected, keys)
  }
})

test('a long stream is decided in parts, with its rows in their order', () => {
  const ids = Array.from({ length: 40_000 }, (_, index) => index)
  const account = ids.map(id => id % 3 === 0 ? 'alice' : 'nobody')
  const facts = new arrow.Table({
    now: arrow.vectorFromArray(ids.map(() => NOW), new arrow.Int32()),
    channel: arrow.vectorFromArray(ids.map(() => 'smtp')),
    account: arrow.vectorFromArray(account),
    stage: arrow.vectorFromArray(ids.map(() => 'session')),
    id: arrow.vectorFromArray(ids, new arrow.Int32())
  })
  const decided = arrow.tableFromIPC(snapshot.evaluateArrow(stream(facts), { keep: ['id', 'account'], columns: ['verdict'] }))
  assert.deepEqual(decided.schema.names, ['id', 'account', 'verdict'])
  assert.ok(decided.batches.length > 1)
  assert.deepEqual(Array.from(decided.getChild('id')), ids)
  assert.deepEqual(Array.from(decided.getChild('account')), account)
  assert.deepEqual(Array.from(decided.getChild('verdict')), account.map(name => name === 'alice' ? 'allow' : 'deny'))
})

test('a stream is read wherever it stands in memory, and left as it is', () => {
  const requests = generated(100)
  const expected = snapshot.evaluateMany(requests).map(row)
  const octets = stream(table(requests, new arrow.Utf8()))
  const memories = [new ArrayBuffer(octets.length + 16), new ArrayBuffer(0, { maxByteLength: octets.length + 16 }), new SharedArrayBuffer(octets.length + 16)]
  for (const memory of memories) {
    if (memory.byteLength === 0) memory.resize(octets.length + 16)
    for (let start = 0; start < 16; start++) {
      const given = new Uint8Array(memory, start, octets.length)
      given.set(octets)
      assert.deepEqual(rows(snapshot.evaluateArrow(given)), expected, `${memory}, ${start}`)
      assert.deepEqual(given, octets)
    }
  }
})

test('what is kept stands before the decisions as it is, text that is no UTF-8 included', () => {
  const note = arrow.makeVector(arrow.makeData({
    type: new arrow.Utf8(), length: 1, nullCount: 0, valueOffsets: Int32Array.of(0, 2), data: Uint8Array.of(0xff, 0x61)
  }))
  const tags = new arrow.List(new arrow.Field('item', new arrow.Utf8(), true))
  const type = new arrow.Struct([new arrow.Field('day', new arrow.Int8(), true), new arrow.Field('tags', tags, true)])
  const nested = arrow.vectorFromArray([{ day: 7, tags: ['a', null] }], type)
  const given = new arrow.Table({ now: arrow.vectorFromArray([NOW], new arrow.Int32()), channel: arrow.vectorFromArray(['smtp']), account: note, note, nested })
  const decided = arrow.tableFromIPC(snapshot.evaluateArrow(stream(given), { keep: ['nested', 'note'], columns: ['reason'] }))
  assert.deepEqual(decided.schema.names, ['nested', 'note', 'reason'])
  assert.equal(String(decided.schema.fields[0].type), String(nested.type))
  assert.equal(JSON.stringify(decided.get(0).nested), JSON.stringify(nested.get(0)))
  assert.ok(decided.schema.fields[1].type instanceof arrow.Utf8)
  assert.deepEqual(Array.from(decided.getChild('note').data[0].values.subarray(0, 2)), [0xff, 0x61])
  assert.equal(decided.get(0).reason, 'unknown_account')
})

test('the columns of decisions are those that are documented, in this order', () => {
  const whole = snapshot.evaluateArrow(stream(table([request({}), request({ account: 'nobody' })])))
  const { schema } = arrow.tableFromIPC(whole)
  assert.equal(schema.metadata.get('sendas.snapshot_id'), snapshot.id)
  const page = readFileSync(join(__dirname, '../../../docs/arrow.md'), 'utf8')
  const documented = page.split('\n## Decisions\n')[1].split('\n## ')[0].match(/^\| `\w+`/gm).map(cell => cell.slice(3, -1))
  assert.deepEqual(schema.names, documented)
  const types = readFileSync(join(__dirname, '../index.d.ts'), 'utf8').match(/export type DecisionColumn =([^]*?)\n\n/)[1]
  assert.deepEqual(types.match(/\w+/g), documented)
  const asked = arrow.tableFromIPC(snapshot.evaluateArrow(stream(table([request({})])), { columns: ['grants', 'verdict'] }))
  assert.deepEqual(asked.schema.names, ['verdict', 'grants'])
})

test('the example of the page does what it says', () => {
  const [, script] = /```js\n([^]*?)```/.exec(readFileSync(join(__dirname, '../../../docs/arrow.md'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'sendas-'))
  try {
    const policy = join(folder, 'candidate.toml')
    writeFileSync(policy, TOML)
    const here = script.replace("'candidate.toml'", JSON.stringify(policy)).replace('console.table(', 'console.log(JSON.stringify(').concat(')')
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', here], { cwd: join(__dirname, '..'), encoding: 'utf8' })
    assert.deepEqual(JSON.parse(printed), [
      { message_id: 'm1', verdict: 'allow', reason: null },
      { message_id: 'm2', verdict: 'deny', reason: 'address_not_owned' }
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('instants are taken as the page says', () => {
  const decide = now => {
    const given = arrow.tableFromArrays({ now, channel: ['smtp'] })
    return arrow.tableFromIPC(snapshot.evaluateArrow(stream(given))).numRows
  }
  const date = new Date(NOW * 1000)
  assert.equal(decide(BigInt64Array.of(BigInt(NOW))), 1)
  assert.equal(decide(arrow.vectorFromArray([date], new arrow.TimestampMillisecond('UTC'))), 1)
  assert.throws(() => decide([NOW]), { name: 'TypeError', message: /`now` must be .*, not Float64$/ })
  assert.throws(() => decide([date]), { name: 'TypeError', message: /without a time zone its instants are not known$/ })
})

test('nothing to decide is decided', () => {
  const some = table([request({})])
  for (const none of [new arrow.Table(some.schema), some.slice(0, 0), batches([some.slice(0, 0), some.slice(1)])]) {
    const decided = arrow.tableFromIPC(snapshot.evaluateArrow(stream(none)))
    assert.deepEqual([decided.numRows, decided.schema.names.length], [0, 12])
  }
  assert.equal(rows(snapshot.evaluateArrow(stream(batches([some.slice(0, 0), some, some.slice(1)])))).length, 1)
})

describe('what is no stream of requests is refused', () => {
  const right = stream(table([request({}), request({ account: 'nobody' })]))
  const bare = columns => stream(new arrow.Table({
    now: arrow.vectorFromArray([NOW], new arrow.Int32()), channel: arrow.vectorFromArray(['smtp']), ...columns
  }))
  const refuses = (type, message, ...values) => {
    assert.throws(() => snapshot.evaluateArrow(...values), error => {
      assert.ok(error instanceof type && error.constructor === type, `${error.name}: ${error.message}`)
      assert.match(error.message, message)
      return true
    })
  }

  test('a stream that is cut short anywhere', () => {
    for (let length = 0; length < right.length; length++) refuses(ArrowError, /cut short/, right.subarray(0, length))
  })

  test('two streams, a file, text', () => {
    refuses(ArrowError, /octets stand behind the end of the stream/, Buffer.concat([right, right]))
    refuses(ArrowError, /a file of Arrow's, not a stream/, arrow.tableToIPC(table([request({})]), 'file'))
    refuses(ArrowError, /cut short|cannot be read/, Buffer.from('{"now": 1, "channel": "smtp"}'))
  })

  test('values of other types', () => {
    for (const value of [undefined, null, 1, 'x', [], {}, new ArrayBuffer(8), new Uint16Array(4)]) refuses(TypeError, /`stream` must be a Uint8Array/, value)
    for (const options of [1, 'keep']) refuses(TypeError, /`options` must be an object/, right, options)
    refuses(TypeError, /`options` has no member `kep`; its members are `keep`, `columns`/, right, { kep: [] })
    refuses(TypeError, /`keep` must be an array of names/, right, { keep: 'id' })
    refuses(TypeError, /`columns` must be an array of names/, right, { columns: [1] })
  })

  test('columns that are no facts, and names of none', () => {
    const wrong = bare({ acount: arrow.vectorFromArray(['alice']), stage: arrow.vectorFromArray([1], new arrow.Int32()) })
    refuses(TypeError, /^the column `acount` is no fact of a request \(did you mean `account`\?\).*\nthe column `stage` must be string or binary, not Int32$/, wrong)
    refuses(TypeError, /^`nix` cannot be kept: there is no such column$/, bare({}), { keep: ['nix'] })
    refuses(TypeError, /^the decision has no column `reson` \(did you mean `reason`\?\)$/, bare({}), { columns: ['reson'] })
    refuses(TypeError, /^the column `account` must be string or binary, not Float64$/, bare({ account: arrow.vectorFromArray([0.5], new arrow.Float64()) }))
    // Types are named as they were declared.
    refuses(TypeError, /^the column `scopes` must be list of string or binary, not Utf8$/, bare({ scopes: arrow.vectorFromArray(['x'], new arrow.Utf8()) }))
  })

  test('a row that is no request, which is named with its number', () => {
    const rows = columns => batches([table([request({})]), table([{ ...request({}), ...columns }])])
    refuses(ArrowError, /^row 1, counted from 0: `channel` must be one of `smtp`, .*, not `smpt`$/, stream(rows({ channel: 'smpt' })))
    refuses(ArrowError, /^row 1, counted from 0: `channel` is null/, stream(rows({ channel: null })))
    refuses(ArrowError, /^row 1, counted from 0: `now`: whole seconds/, stream(rows({ now: NOW * 1000 })))
    refuses(ArrowError, /^row 0, counted from 0: `credential_kind` is needed/, bare({ credential_id: arrow.vectorFromArray(['key-1']) }))
  })

  test('a stream that is compressed', () => {
    refuses(ArrowError, /it is compressed; write the stream without compression/, Buffer.from(COMPRESSED, 'base64'))
  })

  test('random changes are decided or refused, and never more than that', () => {
    const outcomes = { decided: 0, refused: 0 }
    const octets = Buffer.from(right)
    const next = random(7)
    for (let round = 0; round < 20_000; round++) {
      const places = Array.from({ length: 1 + next(3) }, () => next(octets.length))
      for (const place of places) octets[place] ^= 1 << next(8)
      try {
        snapshot.evaluateArrow(octets, { keep: ['account', 'header'] })
        outcomes.decided += 1
      } catch (error) {
        assert.ok(error instanceof ArrowError || error instanceof TypeError, error)
        outcomes.refused += 1
      }
      for (const place of places) octets[place] = right[place]
    }
    assert.ok(outcomes.decided > 1000 && outcomes.refused > 1000, JSON.stringify(outcomes))
    assert.equal(rows(snapshot.evaluateArrow(octets)).length, 2)
  })
})

/** A small generator, so that every run tries the same. */
function random (seed) {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

/** Returns requests of any facts over the policy, all of them with fields. */
function generated (count) {
  const next = random(count)
  const pick = values => values[next(values.length)]
  const addresses = ['alice@acme.example', 'gloria@globex.example', 'bob@acme.example', 'x@elsewhere.example', 'é@acme.example', '@']
  const field = () => [pick(['From', 'from', 'Sender', 'From ', 'Subject']), pick([...addresses, 'a <b@c.example>', ''])]
  return Array.from({ length: count }, () => {
    const kind = pick([null, null, 'password', 'api_key'])
    return {
      now: NOW + next(1000),
      channel: pick(['smtp', 'smtp', 'api']),
      account: pick(['alice', 'alice', 'gloria', 'keyed', null, '', 'nobody']),
      role: pick([null, null, 'Marketing']),
      clientIp: pick([null, '192.0.2.10', '2001:db8::1', 'no address']),
      credential: kind && { kind, id: pick([null, 'key-1', 'key-2']), scopes: pick([null, [], ['mail.send', 'a']]) },
      tls: pick([null, 'plain', 'starttls']),
      smtputf8: pick([true, false]),
      envelopeSender: pick([null, NULL, { unquoted: pick(addresses) }, ...addresses.map(address => `<${address}>`)]),
      header: pick([null, [], [['From', ' alice@acme.example']], [['From', ` ${pick(addresses)}`], field(), field()]]),
      stage: pick(['message', 'message', 'envelope', 'session'])
    }
  })
}

// One row of `now` and `channel`, as pyarrow writes it with `IpcWriteOptions(compression='lz4')`.
const COMPRESSED = '/////6gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAIAAABEAAAABAAAANT///8AAAEFEAAAABwAAAAEAAAAAAAAAAcAAABjaGFubmVsAAQABAAEAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAECEAAAABwAAAAEAAAAAAAAAAMAAABub3cACAAMAAgABwAIAAAAAAAAAUAAAAD/////2AAAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAAYAAAAAAAAAAAAAAADAAcABAABAAIAAwADAAAAHgAAAAcAAAAFAAAAAEAAAAAAAAAAAAAAAQABAAEAAAABQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB8AAAAAAAAAIAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAHwAAAAAAAABAAAAAAAAAABsAAAAAAAAAAAAAAAIAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAgAAAAAAAAABCJNGGBAgggAAIAAAAAAAAAAAAAAAAAACAAAAAAAAAAEIk0YYECCCAAAgAAAAAAEAAAAAAAAAAAEAAAAAAAAAAQiTRhgQIIEAACAc210cAAAAAAAAAAAAP////8AAAAA'
