'use strict'

// Many requests in one call are read by another reader than one: here both are held to decide alike.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')
const { Worker } = require('node:worker_threads')

const { Decision, Policy, Snapshot } = require('..')
const { CLIENT, NOW, TOML, request } = require('./policy.js')
const { watched } = require('./watched.js')

const snapshot = Snapshot.compile(Policy.fromToml(TOML))

const STAGES = [undefined, 'session', 'envelope', 'message']

const shape = ({ stage, verdict, action, allowed, provisional }) => [stage, verdict, action, allowed, provisional]

/** Holds the decisions of one call equal to those of one call each. */
function assertDecided (requests) {
  const [many, single] = [snapshot.evaluateMany(requests), requests.map(request => snapshot.evaluate(request))]
  assert.deepEqual(many.map(shape), single.map(shape))
  assert.deepEqual(many.map(decision => decision.toJson()), single.map(decision => decision.toJson()))
  assert.ok(many.every(decision => decision instanceof Decision))
  return many
}

/** What is thrown. */
function thrown (call) {
  try {
    call()
  } catch (error) {
    return error
  }
  assert.fail('nothing is thrown')
}

describe('the buffer in which requests are put together', () => {
  // Each member of a request is denied by itself, so that one that is lost shows.
  const headers = { absent: undefined, empty: [], given: [['From', 'gloria@globex.example']] }
  // A buffer may have any of these sizes; each field takes two numbers of it, and the rest of a request fewer than 20.
  const sizes = [1024, 2048, 4096, 8192]
  for (const [name, header] of Object.entries(headers)) {
    for (const stage of STAGES) {
      test(`a header that is ${name}, at ${stage ?? 'no stage'}`, () => {
        const last = request({ header, stage, envelopeSender: '<gloria@globex.example>' })
        const alone = shape(snapshot.evaluate(last))
        for (const size of sizes) {
          for (let fields = size / 2 - 32; fields <= size / 2 + 2; fields++) {
            const filling = request({ header: Array(fields).fill(['Subject', '']), stage: 'session' })
            const decisions = snapshot.evaluateMany([filling, last, last])
            assert.deepEqual(decisions.map(shape).slice(1), [alone, alone], `after ${fields} fields`)
            assert.equal(decisions[0].stage, 'session')
          }
        }
      })
    }
  }
})

const ODD = ['', '\0', 'alice', 'alicë', 'a\ud800', '\udc00lice', '📧', 'alice@acme.example'.repeat(40)]
const OCTETS = [new Uint8Array(), Buffer.from('alice'), Buffer.from([0xff]), new Uint8Array(Buffer.from('xalicex')).subarray(1, 6)]
const LONG = 'a'.repeat(100_000)
const FROM = 'alice@acme.example'
const TEXTS = [undefined, null, LONG, ...ODD, ...OCTETS]

/** Every form of every fact. */
const FORMS = {
  now: [0, -1, NOW + 1, BigInt(NOW), new Date(NOW * 1000)],
  channel: ['smtp', 'api', 'panel'],
  account: TEXTS,
  role: TEXTS,
  clientIp: [...TEXTS, '192.0.2.1', '2001:db8::1'],
  credential: [
    undefined, null, { kind: 'api_key' }, { kind: 'oauth', id: undefined, scopes: null }, ...TEXTS.map(id => ({ kind: 'api_key', id })),
    ...[undefined, [], ['mail.send'], ODD, OCTETS].map(scopes => ({ kind: 'oauth', id: 'key-1', scopes }))
  ],
  tls: [undefined, null, 'plain', 'starttls', 'implicit'],
  smtputf8: [undefined, null, false, true],
  envelopeSender: [...TEXTS, '<>', { unquoted: FROM }, { unquoted: Buffer.from(FROM) }],
  header: [
    ...TEXTS, 'From: alice@acme.example\r\n', [], ...[...ODD, ...OCTETS].flatMap(odd => [[['From', odd]], [[odd, FROM]]]),
    [['From', FROM], ['Sender', Buffer.from(FROM)], ['', '']], Array(70).fill(['From', FROM]), Array(3).fill(['Subject', LONG]),
    Array.from({ length: 9000 }, (_, number) => ['Subject', String(number)])
  ],
  stage: [...STAGES, null]
}

describe('many in one call', () => {
  const requests = Object.entries(FORMS).flatMap(([name, forms]) => forms.map(form => request({ [name]: form })))

  test('every form of a fact is read as in a single call', () => {
    const many = assertDecided(requests)
    assert.ok(new Set(many.map(({ verdict }) => verdict)).size > 1)
    for (const one of requests) assertDecided([one])
  })

  test('so it is among requests that are written otherwise', () => {
    assertDecided(requests.flatMap(one => [one, request({ account: Buffer.from('alice') })]))
    assertDecided(requests.flatMap(one => [one, ...Array(63).fill(request({}))]))
  })

  test('every fact may be given or not', () => {
    const every = {
      account: 'alice', role: 'Marketing', clientIp: '192.0.2.1', credential: { kind: 'api_key', id: 'key-1' }, tls: 'implicit', smtputf8: true,
      envelopeSender: '<alice@acme.example>', header: [['From', FROM]], stage: 'envelope'
    }
    const names = Object.keys(every)
    const all = Array.from({ length: 1 << names.length }, (_, chosen) => {
      const facts = names.filter((_, bit) => chosen >> bit & 1).map(name => [name, every[name]])
      return { now: NOW, channel: 'smtp', ...Object.fromEntries(facts) }
    })
    assert.ok(new Set(assertDecided(all).map(decision => decision.toJson())).size > 10)
    assertDecided(all.map(facts => Object.fromEntries(Object.entries(facts).reverse())))
  })

  test('members may be inherited, and read by functions', () => {
    const getters = Object.fromEntries(Object.entries(request({})).map(([name, value]) => [name, { get: () => value, enumerable: true }]))
    assertDecided([Object.create(request({})), Object.create(null, getters), Object.assign(Object.create({ stage: 'session' }), request({}))])
  })

  test('a mistake is refused as in a single call', () => {
    const wrong = {
      now: [undefined, null, NaN, 0.5, Infinity, 2 ** 53, -(2 ** 52), 2n ** 70n, '0', new Date(NaN)],
      channel: [undefined, null, 'fax', '', 'a\ud800', 1, Buffer.from('smtp')],
      account: [1, true, {}, [], ['alice'], () => 'alice', Symbol('alice')],
      role: [1, {}],
      clientIp: [1, {}],
      credential: [1, 'oauth', {}, { kind: null }, { kind: 'none' }, { id: 'key-1' }, { kind: 'oauth', id: 1 }, { kind: 'oauth', scopes: 'a' },
        { kind: 'oauth', scopes: [1] }, { kind: 'oauth', revoked: true }],
      tls: ['', 'none', 1],
      smtputf8: [0, 1, 'yes', {}],
      envelopeSender: [1, {}, { unquoted: 1 }, { unquoted: FROM, quoted: FROM }],
      header: [1, {}, [1], ['From'], [['From']], [['From', FROM, FROM]], [['From', 1]], [[null, FROM]], [['From', undefined]], [,], { length: 0 }],
      stage: ['', 'end', 1],
      acount: ['alice', undefined]
    }
    const mistakes = Object.entries(wrong).flatMap(([name, forms]) => forms.map(form => request({ [name]: form })))
    for (const mistake of [...mistakes, undefined, null, 1, 'alice', [], () => {}]) {
      const { constructor, message } = thrown(() => snapshot.evaluate(mistake))
      for (const number of [0, 1, 63, 64, 200]) {
        const error = thrown(() => snapshot.evaluateMany([...Array(number).fill(request({})), mistake, request({}), mistake]))
        assert.deepEqual([error.constructor, error.message], [constructor, `request ${number}, counted from 0: ${message}`])
      }
    }
    assert.ok(mistakes.length > 50)
  })

  test('what is no array of requests is refused', () => {
    for (const wrong of [undefined, null, 1, {}, request({}), new Set([request({})]), { length: 0 }]) {
      assert.throws(() => snapshot.evaluateMany(wrong), TypeError)
    }
    assert.throws(() => snapshot.evaluateMany([request({}), , request({})]), TypeError)
    assert.throws(() => snapshot.evaluateMany(Array(3)), TypeError)
  })

  test('requests that change while they are read are each read once', () => {
    const header = [['From', FROM]]
    const given = [request({}), request({ header }), request({})]
    // The list of fields grows, and the list of requests shrinks, while the request before is read.
    Object.defineProperty(given[0], 'stage', { enumerable: true, get () { given.length = 1; header.push(['From', 'gloria@globex.example']) } })
    const decisions = snapshot.evaluateMany(given)
    assert.deepEqual(decisions.map(({ verdict }) => verdict), ['allow', 'deny', 'allow'])
    const cut = Array.from({ length: 130 }, () => request({}))
    Object.defineProperty(cut[0], 'stage', { enumerable: true, get () { cut.length = 1 } })
    assert.equal(snapshot.evaluateMany(cut).length, 130)
    const growing = []
    growing[0] = { get 0 () { growing.push(['From', 'gloria@globex.example']); return 'From' }, 1: FROM, length: 2 }
    assert.throws(() => snapshot.evaluateMany([request({ header: growing })]), TypeError)
    growing[0] = Object.defineProperty(['', FROM], 0, { get () { growing.push(['From', 'gloria@globex.example']); return 'From' } })
    assert.equal(snapshot.evaluateMany([request({ header: growing })]).length, 1)
  })

  test('proxies are read as in a single call, whatever they say of their length', () => {
    const lengths = [0, 1, 2, 0.5, 1.5, -1, '1', NaN, undefined, null]
    const lying = (target, length) => new Proxy(target, { get: (target, name) => name === 'length' ? length : target[name] })
    const headers = [FROM, 'gloria@globex.example'].flatMap(from => lengths.map(length => lying([['From', from], ['Subject', '']], length)))
    const pairs = lengths.map(length => [lying(['From', FROM], length)])
    for (const header of [...headers, ...pairs]) {
      const outcome = call => {
        try {
          return [call().toJSON()]
        } catch ({ constructor, message }) {
          return [constructor, message.replace('request 0, counted from 0: ', '')]
        }
      }
      for (const account of ['alice', Buffer.from('alice')]) {
        const given = request({ account, header })
        assert.deepEqual(outcome(() => snapshot.evaluateMany([given])[0]), outcome(() => snapshot.evaluate(given)))
      }
    }
    const proxied = new Proxy([request({}), request({ account: 'mallory' })], {})
    assertDecided([...proxied])
    assert.deepEqual(snapshot.evaluateMany(proxied).map(({ verdict }) => verdict), ['allow', 'deny'])
  })

  test('an object that answers differently each time is decided by one of its answers', () => {
    const from = address => [['From', address]]
    const answers = {
      account: ['mallory', 'alice', Buffer.from('mallory')],
      envelopeSender: ['<gloria@globex.example>', '<alice@acme.example>', Buffer.from('<gloria@globex.example>')],
      header: [from('gloria@globex.example'), from(FROM), from(Buffer.from('gloria@globex.example'))],
      credential: [{ kind: 'api_key', id: 'none' }, { kind: 'password' }, { kind: 'api_key', id: Buffer.from('none') }]
    }
    for (const [name, values] of Object.entries(answers)) {
      for (let turn = 0; turn < 3; turn++) {
        for (const neighbour of [request({}), request({ account: Buffer.from('alice') })]) {
          let [reads, last] = [turn, undefined]
          const get = () => { last = values[reads++ % 3]; return last }
          const given = Object.defineProperty(request({}), name, { enumerable: true, get })
          const decision = snapshot.evaluateMany([given, neighbour])[0]
          const expected = snapshot.evaluate(request({ [name]: last }))
          assert.deepEqual([shape(decision), decision.toJSON()], [shape(expected), expected.toJSON()])
        }
      }
    }
  })

  test('objects that pass for strings are refused', () => {
    class Text extends String {}
    const spoken = { toString: () => 'alice', valueOf: () => 'alice', length: 5, [Symbol.toPrimitive]: () => 'alice' }
    for (const account of [new String('alice'), new Text('alice'), Object.setPrototypeOf({}, String.prototype), spoken, ['alice']]) {
      assert.throws(() => snapshot.evaluateMany([request({ account })]), { name: 'TypeError', message: /^request 0, counted from 0: `account` must be / })
    }
  })

  test('octets that are detached, cut or changed while another request is read are as they were read', () => {
    const changes = {
      detached: buffer => structuredClone(buffer, { transfer: [buffer] }),
      cut: buffer => buffer.resize(0),
      changed: buffer => new Uint8Array(buffer).set(Buffer.from('alice'))
    }
    for (const [name, change] of Object.entries(changes)) {
      const buffer = new ArrayBuffer(5, { maxByteLength: 10 })
      const account = new Uint8Array(buffer)
      account.set(Buffer.from('malory'.slice(0, 5)))
      const later = Object.defineProperty(request({}), 'stage', { enumerable: true, get () { if (buffer.byteLength > 0) change(buffer) } })
      const decisions = snapshot.evaluateMany([request({ account }), later])
      assert.deepEqual(decisions.map(({ verdict }) => verdict), ['deny', 'allow'], name)
      assert.equal(decisions[0].toJSON().verdict, 'deny', name)
    }
  })

  test('every member is read once, in whatever batch', () => {
    const octets = Buffer.from(FROM)
    const forms = {
      plain: request({ account: 'keyed', credential: { kind: 'api_key', id: 'key-1' }, header: [['From', FROM], ['Subject', '']] }),
      instant: request({ now: new Date(NOW * 1000) }),
      account: request({ account: Buffer.from('alice') }),
      scopes: request({ credential: { kind: 'oauth', id: 'key-1', scopes: ['mail.send', Buffer.from('mail.read')] } }),
      sender: request({ envelopeSender: { unquoted: FROM } }),
      block: request({ header: `From: ${FROM}\r\n` }),
      octets: request({ header: [['Subject', ''], ['From', octets], ['Subject', '']] }),
      long: request({ header: [['From', FROM], ['Subject', 'a'.repeat(2 ** 24 + 1)], ['Subject', '']] }),
      session: request({ header: [['From', 'gloria@globex.example']], stage: 'session' })
    }
    const names = Object.keys(forms)
    for (const [place, name] of names.entries()) {
      for (const order of [[name], ['plain', name], ['plain', 'plain', name, 'plain'], [...names.slice(place), ...names]]) {
        const [reads, given] = [[], order.map(name => forms[name])]
        const decisions = snapshot.evaluateMany(given.map((request, number) => watched(request, place => reads.push(place), number)))
        assert.deepEqual(decisions.map(decision => decision.toJson()), given.map(request => snapshot.evaluate(request).toJson()), order.join())
        assert.equal(new Set(reads).size, reads.length, order.join())
        const all = []
        given.forEach((request, number) => JSON.stringify(watched(request, place => all.push(place), number), (_, value) => ArrayBuffer.isView(value) ? 0 : value))
        assert.deepEqual(reads.filter(path => !/\.stage$/.test(path)).sort(), all.filter(path => !/\.(stage|toJSON)$/.test(path)).sort())
      }
    }
  })

  test('what is refused is refused with what was read', () => {
    const wrong = { now: [NaN, NOW], account: [1, 'alice'], stage: ['end', 'message'], header: [[['From', 1]], [['From', FROM]]] }
    for (const [name, [first, second]] of Object.entries(wrong)) {
      const expected = thrown(() => snapshot.evaluate(request({ [name]: first }))).message
      for (const before of [[], [request({})], [request({ account: Buffer.from('alice') })]]) {
        let reads = 0
        const given = Object.defineProperty(request({}), name, { enumerable: true, get: () => reads++ === 0 ? first : second })
        const message = `request ${before.length}, counted from 0: ${expected}`
        assert.throws(() => snapshot.evaluateMany([...before, given, request({})]), { name: 'TypeError', message })
      }
    }
  })

  test('octets that a later member detaches, cuts or changes are as they were read', () => {
    const changes = {
      detached: buffer => structuredClone(buffer, { transfer: [buffer] }),
      cut: buffer => buffer.resize(1),
      emptied: buffer => buffer.resize(0),
      grown: buffer => buffer.resize(buffer.maxByteLength),
      changed: buffer => new Uint8Array(buffer).fill(0x61)
    }
    const places = {
      account: ['alice', octets => ({ account: octets })],
      'block of a header': [`From: ${FROM}\r\n`, octets => ({ header: octets })],
      'name of a field': ['From', octets => ({ header: [[octets, FROM]] })],
      'body of a field': [FROM, octets => ({ header: [['From', octets]] })],
      'body behind others': [FROM, octets => ({ header: [['Subject', ''], ['From', octets], ['Subject', '']] })],
      sender: ['<gloria@globex.example>', octets => ({ envelopeSender: octets })],
      'unquoted sender': ['gloria@globex.example', octets => ({ envelopeSender: { unquoted: octets } })],
      id: ['none', octets => ({ account: 'keyed', credential: { kind: 'api_key', id: octets } })],
      scope: ['mail.send', octets => ({ credential: { kind: 'oauth', scopes: [octets] } })]
    }
    const calls = {
      alone: one => snapshot.evaluate(one),
      'in a batch': one => snapshot.evaluateMany([one])[0],
      'behind others': one => snapshot.evaluateMany([request({}), request({ account: Buffer.from('alice') }), one, request({})])[2]
    }
    // What changes them is the last member, and, where there are fields, one behind them.
    const last = ['Subject', '']
    const closed = facts => Array.isArray(facts.header) ? { ...facts, header: [...facts.header, last] } : facts
    for (const [place, [text, facts]] of Object.entries(places)) {
      for (const [name, change] of Object.entries(changes)) {
        const given = () => {
          const buffer = new ArrayBuffer(text.length, { maxByteLength: 2 * text.length })
          const octets = new Uint8Array(buffer)
          octets.set(Buffer.from(text))
          const one = request(closed(facts(octets)))
          const [owner, member, value] = Array.isArray(facts(octets).header) ? [one.header, one.header.length - 1, last] : [one, 'stage', undefined]
          Object.defineProperty(owner, member, { enumerable: true, get () { if (buffer.byteLength > 0) change(buffer); return value } })
          return one
        }
        const right = request(closed(facts(Buffer.from(text))))
        for (const [how, call] of Object.entries(calls)) assert.equal(call(given()).toJson(), call(right).toJson(), `${place}, ${name}, ${how}`)
      }
    }
  })

  test('octets that another thread changes all the time are decided once', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(5))
    const script = `
      const { workerData: { shared, stop } } = require('node:worker_threads')
      for (let turn = 0; Atomics.load(stop, 0) === 0; turn++) shared.set(Buffer.from(turn % 2 === 0 ? 'alice' : 'grace'))
    `
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(script, { eval: true, workerData: { shared, stop } })
    await new Promise(resolve => worker.once('online', resolve))
    for (let turn = 0; turn < 500; turn++) {
      for (const decision of [snapshot.evaluate(request({ account: shared })), ...snapshot.evaluateMany([request({}), request({ account: shared })])]) {
        assert.equal(decision.verdict, decision.toJSON().verdict)
        assert.equal(decision.allowed, decision.reasons.length === 0)
      }
    }
    Atomics.store(stop, 0, 1)
    await new Promise(resolve => worker.once('exit', resolve))
  })

  test('a decision of many is that of a request as it was', () => {
    const field = ['From', FROM]
    const [given, octets] = [request({ header: [field] }), Buffer.from('alice')]
    const expected = snapshot.evaluate(given).toJSON()
    const decisions = snapshot.evaluateMany([given, request({ header: [['From', FROM]], account: octets })])
    given.account = 'mallory'
    field[1] = 'mallory@globex.example'
    octets.fill(0x20)
    assert.deepEqual(decisions.map(decision => decision.toJSON()), [expected, expected])
    assert.equal(decisions[0].toJson(), JSON.stringify(expected))
    assert.equal(decisions[0].reply().code, 250)
  })

  test('any number of requests is decided in their order', () => {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 600]) {
      assertDecided(Array.from({ length }, (_, number) => request({
        account: number % 3 === 0 ? 'alice' : `account${number}`,
        now: number === 300 ? new Date(NOW * 1000) : NOW,
        header: Array.from({ length: number % 7 }, () => ['From', FROM])
      })))
    }
  })

  test('an array of a class of its own', () => {
    class Batch extends Array {
      constructor (elements) {
        super()
        for (const element of elements) this.push(element)
      }

      slice () { return [] }
      map () { return [] }
    }
    const fields = new Batch([new Batch(['From', Buffer.from(FROM)])])
    const all = new Batch([request(), request({ account: 'mallory' }), request({ header: fields })])
    assert.deepEqual(snapshot.evaluateMany(all).map(shape), [...all].map(request => snapshot.evaluate(request)).map(shape))
  })

  test('texts that are together too long to be joined', () => {
    assertDecided(Array.from({ length: 5 }, (_, number) => request({ header: [['From', FROM], ['Subject', String(number).repeat(4_000_000)]] })))
  })

  test('a decision that is kept keeps its neighbours only', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    const large = 'x'.repeat(1_000_000)
    const kept = []
    const settled = async () => {
      collect()
      await new Promise(setImmediate)
      return process.memoryUsage().rss
    }
    const before = await settled()
    let after = before
    for (let time = 0; time < 10; time++) {
      const requests = Array.from({ length: 1000 }, (_, number) => ({ ...CLIENT, header: number % 100 === 99 ? [['Subject', large]] : undefined }))
      kept.push(snapshot.evaluateMany(requests)[0])
      after = await settled()
    }
    // All texts of these calls have 100 MB.
    assert.ok((after - before) / 2 ** 20 < 40, `${(after - before) / 2 ** 20} MiB`)
    assert.ok(kept.every(({ stage }) => stage === 'message'))
  })
})
