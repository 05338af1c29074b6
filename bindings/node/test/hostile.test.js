'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const {
  Decision, Directory, Explanation, NULL, Observations, Policy, PostfixLog, Reply, RequestRecord, Session, Snapshot
} = require('..')
const { CLIENT, NOW, TOML, request } = require('./policy.js')

const snapshot = Snapshot.compile(Policy.fromToml(TOML))
const LONE = 'a\ud800b'
const REVERSED = '\udc00\ud800'
const NUL = 'a\0b'

/** Joins texts without losing octets that are no UTF-8. */
const join = (before, text, after) => typeof text === 'string' ? before + text + after : Buffer.concat([Buffer.from(before), text, Buffer.from(after)])

const first = members => snapshot.evaluate(request(members)).reasons[0]?.reason

test('the request that the others are made of is allowed', () => {
  assert.equal(snapshot.evaluate(request({})).verdict, 'allow')
})

describe('text that is no UTF-8, or holds NUL, denies in every member', () => {
  const key = members => ({ account: 'keyed', credential: { kind: 'api_key', id: 'key-1', ...members } })
  const members = {
    unknown_account: text => ({ account: text }),
    unknown_role: text => ({ role: text }),
    client_ip_not_allowed: text => ({ account: 'gloria', clientIp: text }),
    unknown_credential: text => key({ id: text }),
    sender_syntax: text => ({ envelopeSender: join('<', text, '@acme.example>') })
  }
  for (const [reason, make] of Object.entries(members)) {
    for (const text of [LONE, REVERSED, NUL, Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xff])]) {
      test(`${reason}: ${JSON.stringify(text)}`, () => {
        const decision = snapshot.evaluate(request(make(text)))
        assert.equal(decision.verdict, 'deny')
        assert.ok(decision.reasons.some(finding => finding.reason === reason), JSON.stringify(decision))
      })
    }
  }

  test('Postfix form', () => assert.equal(first({ envelopeSender: { unquoted: `${LONE}@acme.example` } }), 'sender_syntax'))
  test('field body', () => {
    const body = text => first({ smtputf8: true, header: [['From', join(' ', text, '@acme.example')]] })
    for (const text of [LONE, REVERSED, Buffer.from([0xed, 0xa0, 0x80])]) assert.equal(body(text), 'from_syntax')
    assert.equal(body(NUL), 'from_ambiguous')
  })
  test('raw block', () => assert.equal(first({ header: `From: ${NUL}@acme.example\r\n\r\n` }), 'field_name_ambiguous'))
  test('field name', () => assert.equal(first({ header: [['From\0', 'alice@acme.example']] }), 'field_name_ambiguous'))
})

test('a lone surrogate is not the replacement character', () => {
  const members = { envelopeSender: '<replaced@acme.example>', header: [['From', 'replaced@acme.example']] }
  assert.equal(first({ ...members, account: '\ufffd' }), undefined)
  assert.equal(first({ ...members, account: '\ud800' }), 'unknown_account')
  assert.equal(first({ ...members, account: Buffer.from('\ufffd') }), undefined)
})

test('a lone surrogate before a pair leaves the pair whole', () => {
  const header = [['From', ' "\ud83d\udce7" <alice@acme.example>']]
  assert.equal(first({ header, smtputf8: true }), undefined)
  assert.equal(first({ header: [['From', ' "\ud83d\ud83d\udce7" <alice@acme.example>']], smtputf8: true }), 'from_syntax')
})

test('a header of 10 MB is over the limit, as text and as octets', () => {
  const block = `From: alice@acme.example\r\nX-Long: ${'x'.repeat(10_000_000)}\r\n\r\n`
  for (const header of [block, Buffer.from(block), [['From', 'alice@acme.example'], ['X-Long', 'x'.repeat(10_000_000)]]]) {
    assert.equal(first({ header }), 'limit_exceeded')
  }
})

test('an array that says it is longer than memory could hold is refused', () => {
  const long = (...elements) => {
    elements.length = 2 ** 32 - 1
    return elements
  }
  for (const members of [
    { header: long(['From', 'alice@acme.example']) },
    { header: [long('From')] },
    { credential: { kind: 'api_key', scopes: long('mail.send') } }
  ]) {
    assert.throws(() => snapshot.evaluate(request(members)), TypeError)
    assert.throws(() => snapshot.evaluateMany([request({}), request(members)]), { name: 'TypeError', message: /^request 1,/ })
  }
  assert.throws(() => snapshot.evaluateMany(long(request({}))), { name: 'TypeError', message: /^request 1,/ })
})

test('a limit that is set is in force', () => {
  const strict = Snapshot.compile(Policy.fromToml(TOML), { limits: { headerOctets: 16 } })
  assert.equal(strict.evaluate(request({})).reasons[0].reason, 'limit_exceeded')
})

test('of 10,000 From fields the findings that are kept are few', () => {
  const decision = snapshot.evaluate(request({ header: Array.from({ length: 10_000 }, () => ['From', 'alice@acme.example']) }))
  assert.deepEqual(decision.reasons.map(({ reason, place: { field } }) => ({ reason, field })), [{ reason: 'from_repeated', field: 1 }])
})

describe('a value of the wrong type is a TypeError that names it', () => {
  const octets = new Uint8Array(4)
  const wrong = {
    request: [undefined, null, 5, 'text', () => {}, Symbol('request')],
    now: [undefined, null, '2026-11-21', 1.5, NaN, Infinity, 2 ** 53, new Date(NaN), {}],
    channel: [undefined, null, 'SMTP', 'smtp ', 5, ['smtp']],
    account: [5, {}, [], true, new Uint16Array(4), new Uint8ClampedArray(4), new DataView(octets.buffer), octets.buffer],
    role: [0, false],
    clientIp: [{ address: '192.0.2.1' }, 3221225985],
    credential: ['api_key', 5],
    kind: [undefined, null, 'basic', 5].map(kind => ({ credential: { kind } })),
    id: [5].map(id => ({ credential: { kind: 'oauth', id } })),
    scopes: ['mail.send', [5], [null], {}].map(scopes => ({ credential: { kind: 'oauth', scopes } })),
    tls: [true, 'tls', ''],
    smtputf8: [1, 'true', 0],
    envelopeSender: [5, true, {}, { unquoted: null }, { unquoted: 5 }, ['a@acme.example'], new Uint32Array(1)],
    header: [5, {}, [5], ['From', 'a'], [['From']], [['From', 'a', 'b']], [['From', 5]], [['From', null]], [undefined], new Array(3), new Map()],
    stage: ['mail', 5]
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const [index, value] of values.entries()) {
      test(`${name} ${index}`, () => {
        const nested = ['kind', 'id', 'scopes'].includes(name)
        const given = name === 'request' ? value : request(nested ? value : { [name]: value })
        assert.throws(() => snapshot.evaluate(given), error => error instanceof TypeError && error.message.startsWith(`\`${name}\` must be `))
      })
    }
  }

  test('the right words are named', () => {
    assert.throws(() => snapshot.evaluate(request({ tls: 'ssl' })), { message: "`tls` must be one of 'plain', 'starttls', 'implicit'" })
  })

  const values = {
    hashKey: () => Snapshot.compile(Policy.fromToml(TOML), { hashKey: new Uint8Array(15) }),
    options: () => Snapshot.compile(Policy.fromToml(TOML), 5),
    limits: () => Snapshot.compile(Policy.fromToml(TOML), { limits: 5 }),
    mailboxes: () => Snapshot.compile(Policy.fromToml(TOML), { limits: { mailboxes: -1 } }),
    fieldOctets: () => Snapshot.compile(Policy.fromToml(TOML), { limits: { fieldOctets: 2 ** 32 } }),
    policy: () => Snapshot.compile(TOML),
    text: () => Policy.fromToml(5),
    requests: () => snapshot.evaluateMany(request({})),
    client: () => snapshot.session(),
    profile: () => snapshot.evaluate(request({})).reply('sendmail'),
    view: () => snapshot.explain(request({})),
    snapshot: () => snapshot.session(CLIENT).mailFrom(Policy.fromToml(TOML), { now: NOW }),
    transaction: () => snapshot.session(CLIENT).mailFrom(snapshot),
    envelopeSender: () => snapshot.session(CLIENT).mailFrom(snapshot, { now: NOW, envelopeSender: 5 }),
    path: () => Policy.fromPath('policy.yaml')
  }
  for (const [name, call] of Object.entries(values)) {
    test(name, () => assert.throws(call, error => error instanceof TypeError && error.message.startsWith(`\`${name}\` must `)))
  }
})

describe('a member that an object does not have is a TypeError that names it and the right ones', () => {
  const policy = Policy.fromToml(TOML)
  const client = ['now', 'channel', 'account', 'role', 'clientIp', 'credential', 'tls']
  const whole = [...client, 'smtputf8', 'envelopeSender', 'header', 'stage']
  const given = {
    request: [whole, 'client_ip', members => snapshot.evaluate(request(members))],
    'request to explain': [whole, 'Header', members => snapshot.explain(request(members), 'tenant')],
    client: [client, 'envelopeSender', members => snapshot.session({ ...CLIENT, ...members })],
    transaction: [['envelopeSender', 'smtputf8', 'now'], 'sender', members => snapshot.session(CLIENT).mailFrom(snapshot, { now: NOW, ...members })],
    credential: [['kind', 'id', 'scopes'], 'scope', members => snapshot.evaluate(request({ credential: { kind: 'oauth', ...members } }))],
    envelopeSender: [['unquoted'], 'path', members => snapshot.evaluate(request({ envelopeSender: { unquoted: 'alice@acme.example', ...members } }))],
    options: [['hashKey', 'limits'], 'key', members => Snapshot.compile(policy, members)],
    place: [['subject', 'field', 'start', 'end'], 'span', members => snapshot.evaluate(request({})).octets({ subject: 'from', field: 0, start: 0, end: 0, ...members })],
    limits: [['fieldOctets', 'headerOctets', 'mailboxes', 'commentDepth'], 'maxMailboxes', members => Snapshot.compile(policy, { limits: members })]
  }
  for (const [name, [right, wrong, call]] of Object.entries(given)) {
    test(name, () => {
      const message = `\`${name.split(' ')[0]}\` has no member \`${wrong}\`; its members are ${right.map(member => `\`${member}\``).join(', ')}`
      call({})
      for (const value of ['text', null, undefined]) assert.throws(() => call({ [wrong]: value }), { name: 'TypeError', message })
    })
  }

  test('inherited members count as they are read; methods and symbols do not', () => {
    assert.equal(snapshot.evaluate(Object.create(request({}))).verdict, 'allow')
    assert.throws(() => snapshot.evaluate(Object.create(request({ sender: NULL }))), TypeError)
    class Attempt { constructor () { Object.assign(this, request({}), { [Symbol('trace')]: 1 }) } method () {} }
    assert.equal(snapshot.evaluate(new Attempt()).verdict, 'allow')
  })
})

describe('objects that are not what they seem are refused', () => {
  const forged = prototype => Object.setPrototypeOf(Policy.fromToml(TOML), prototype)
  test('another native class behind the prototype', () => {
    assert.throws(() => forged(Snapshot.prototype).evaluate(request({})))
    assert.throws(() => Snapshot.prototype.evaluate.call(Policy.fromToml(TOML), request({})))
  })
  test('no native class behind the prototype', () => assert.throws(() => Object.create(Snapshot.prototype).id))
  test('a copy as messages to workers make it', () => {
    const copy = structuredClone(snapshot)
    assert.throws(() => Snapshot.prototype.evaluate.call(copy, request({})))
  })
  test('construction of what is only made by others', () => {
    for (const type of [Decision, Explanation, Policy, Reply, Session, Snapshot]) assert.throws(() => new type(), { message: /no `constructor`/ })
  })
  test('a call of a class', () => {
    const given = [[Directory], [Observations, 1], [PostfixLog, { most: 1, offset: 0 }], [RequestRecord, request({})]]
    for (const [type, ...values] of given) {
      assert.throws(() => type(...values), { name: 'TypeError', message: `\`${type.name}\` is a class: construct it with \`new\`` })
      const made = new type(...values)
      assert.ok(made instanceof type && made.constructor === type && new (class extends type {})(...values) instanceof type)
    }
  })
})

describe('scripts that run while a request is read', () => {
  test('an exception of theirs comes through', () => {
    const given = { ...request({}), get role () { throw new RangeError('theirs') } }
    assert.throws(() => snapshot.evaluate(given), { name: 'RangeError', message: 'theirs' })
  })
  test('so does one of a proxy that is asked for its members', () => {
    const given = new Proxy(request({}), { ownKeys () { throw new RangeError('theirs') } })
    assert.throws(() => snapshot.evaluate(given), { name: 'RangeError', message: 'theirs' })
  })
  test('octets that are detached afterwards have been copied', () => {
    const account = new Uint8Array(Buffer.from('alice'))
    const given = Object.defineProperty(request({ account }), 'role', { get: () => { structuredClone(account.buffer, { transfer: [account.buffer] }) } })
    assert.equal(snapshot.evaluate(given).verdict, 'allow')
    assert.equal(account.length, 0)
  })
  test('what they change afterwards changes no decision', () => {
    const fresh = () => request({
      now: new Date(NOW * 1000),
      account: new Uint8Array(Buffer.from('alice')),
      envelopeSender: { unquoted: Buffer.from('erika@globex.example') },
      header: [['From', Buffer.from(' erika@globex.example')]]
    })
    const given = fresh()
    const decision = snapshot.evaluate(given)
    given.now.setTime(0)
    given.account.fill(0x61)
    given.envelopeSender.unquoted.fill(0x61)
    given.header[0][1].fill(0x61)
    given.header[0][0] = given.header[1] = 'Subject'
    given.stage = 'session'
    const expected = snapshot.evaluateMany([fresh()])[0]
    assert.ok(decision instanceof Decision)
    assert.deepEqual([decision.stage, decision.verdict, decision.provisional], [expected.stage, expected.verdict, expected.provisional])
    assert.deepEqual(decision.toJSON(), expected.toJSON())
    assert.equal(decision.reply().text, expected.reply().text)
    assert.deepEqual(decision.octets(decision.reasons[0].place), Buffer.from('erika@globex.example'))
  })
  test('octets that grow out of none are none', () => {
    const buffer = new ArrayBuffer(0, { maxByteLength: 5 })
    const account = new Uint8Array(buffer)
    const decision = snapshot.evaluate(request({ account }))
    buffer.resize(5)
    account.set(Buffer.from('alice'))
    assert.equal(decision.verdict, 'deny')
    assert.equal(decision.toJSON().verdict, 'deny')
    assert.equal(decision.reply().code, 550)
  })
  test('detached octets are an empty text', () => {
    const account = new Uint8Array(Buffer.from('alice'))
    structuredClone(account.buffer, { transfer: [account.buffer] })
    assert.equal(first({ account }), 'unknown_account')
  })
  test('a session may be called again', () => {
    const session = snapshot.session(CLIENT)
    const transaction = {
      get envelopeSender () { return session.mailFrom(snapshot, { now: NOW, envelopeSender: NULL }).allowed ? '<alice@acme.example>' : null },
      now: NOW
    }
    assert.equal(session.mailFrom(snapshot, transaction).verdict, 'allow')
    assert.equal(session.message(request({}).header).verdict, 'allow')
  })
})

test('octets count by their view, shared or not', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 5)
  shared.set(Buffer.from('alice'))
  for (const account of [Buffer.from('alice'), new Uint8Array(Buffer.from('xxalicexx')).subarray(2, 7), shared]) {
    assert.equal(snapshot.evaluate(request({ account })).verdict, 'allow')
  }
})
