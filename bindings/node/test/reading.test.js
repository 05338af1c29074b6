'use strict'

// What a member answers a second time may be something else, and the next one may change octets that were read: every call
// reads each member once, and takes octets as they are then.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { Observations, Policy, RequestRecord, Snapshot } = require('..')
const { NOW, TOML } = require('./policy.js')
const { watched } = require('./watched.js')

const snapshot = Snapshot.compile(Policy.fromToml(TOML))
const octets = text => new Uint8Array(Buffer.from(text))

/** A request with octets wherever there may be any, all of them its own. */
const whole = () => ({
  now: new Date(NOW * 1000),
  channel: 'api',
  account: octets('keyed'),
  role: octets('Marketing'),
  clientIp: octets('192.0.2.1'),
  credential: { kind: 'api_key', id: octets('key-1'), scopes: [octets('mail.send'), octets('mail.read')] },
  tls: 'implicit',
  smtputf8: true,
  envelopeSender: { unquoted: octets('keyed@acme.example') },
  header: [[octets('Subject'), octets('y')], [octets('From'), octets('keyed@acme.example')]],
  stage: 'message'
})
const request = () => {
  const { stage: _, ...facts } = whole()
  return facts
}
const client = () => {
  const { smtputf8: _, envelopeSender: __, header: ___, ...facts } = request()
  return facts
}
const transaction = () => {
  const { now, envelopeSender, smtputf8 } = whole()
  return { now, envelopeSender, smtputf8 }
}
const path = () => ({ ...request(), envelopeSender: octets('keyed@acme.example') })
const block = () => ({ ...request(), header: octets('From: keyed@acme.example\r\n') })

const observed = facts => {
  const observations = new Observations(100)
  observations.observe(facts)
  return observations.toJsonLines()
}
const recorded = facts => new RequestRecord(facts).toJson()
const session = () => snapshot.session(client())
const explained = session => session.explain('provider').toJson()
const after = (session, decision) => [decision.toJson(), explained(session)].join()

/** Every call that takes members: what it is given, and all that can be seen of what it read. */
const CALLS = {
  evaluate: [whole, facts => snapshot.evaluate(facts).toJson()],
  evaluateMany: [whole, facts => snapshot.evaluateMany([facts])[0].toJson()],
  explain: [whole, facts => snapshot.explain(facts, 'provider').toJson()],
  session: [client, facts => explained(snapshot.session(facts))],
  mailFrom: [transaction, facts => {
    const opened = session()
    return after(opened, opened.mailFrom(snapshot, facts))
  }],
  message: [() => ({ header: whole().header }), ({ header }) => {
    const opened = session()
    opened.mailFrom(snapshot, transaction())
    return after(opened, opened.message(header))
  }],
  observe: [request, observed],
  'a record': [request, recorded],
  'a record of a path': [path, recorded],
  'a record of a block': [block, recorded]
}

/** The octets and instants of a request, by their places. */
function changeable (value, place = '') {
  if (typeof value !== 'object' || value === null) return []
  if (ArrayBuffer.isView(value) || value instanceof Date) return [[place, value]]
  return Object.entries(value).flatMap(([name, value]) => changeable(value, `${place}.${name}`))
}

/** An object that has another member when its members are first listed. */
function once (object) {
  let listed = 0
  return new Proxy(object, {
    ownKeys: object => [...listed++ === 0 ? ['odd'] : [], ...Reflect.ownKeys(object)],
    // It is asked of each name that was listed.
    getOwnPropertyDescriptor: (object, name) =>
      Reflect.getOwnPropertyDescriptor(object, name) ?? { configurable: true, enumerable: true }
  })
}

const change = value => value instanceof Date ? value.setTime(0) : value.fill(0x78)

for (const [name, [make, call]] of Object.entries(CALLS)) {
  describe(name, () => {
    const reads = []
    const right = call(make())

    test('each member is read once', () => {
      assert.equal(call(watched(make(), place => reads.push(place))), right)
      assert.ok(reads.length > 3)
      assert.equal(new Set(reads).size, reads.length, reads.join())
    })

    test('a member that it does not look at is not read', () => {
      const facts = make()
      const others = Object.keys(whole()).filter(name => !Object.hasOwn(facts, name))
      for (const other of others) Object.defineProperty(facts, other, { get () { throw new Error(`${other} is read`) } })
      assert.equal(call(facts), right)
    })

    test('what is read is taken as it is then', () => {
      const places = changeable(make()).map(([place]) => place)
      assert.ok(places.length > 1)
      for (const place of places) {
        const changed = () => {
          const facts = make()
          change(new Map(changeable(facts)).get(place))
          return facts
        }
        if (name.startsWith('a record')) assert.notEqual(call(changed()), right)
        for (const trigger of reads) {
          const facts = make()
          const value = new Map(changeable(facts)).get(place)
          let wasRead, wasReadBefore
          const answer = call(watched(facts, read => {
            if (read === trigger) {
              change(value)
              wasReadBefore = wasRead === true
            }
            if (read === place) wasRead = true
          }))
          assert.equal(answer, wasReadBefore ? right : call(changed()), `${place}, which ${trigger} changes`)
        }
      }
    })

    test('a member that is listed the first time only is refused', () => {
      for (const owner of [undefined, 'credential', 'envelopeSender']) {
        const facts = make()
        const object = owner === undefined ? facts : facts[owner]
        if (name === 'message' || object === undefined || ArrayBuffer.isView(object)) continue
        const given = owner === undefined ? once(facts) : { ...facts, [owner]: once(object) }
        assert.throws(() => call(given), { name: 'TypeError', message: / has no member `odd`; its members are / })
      }
    })

    test('a credential that has another member the first time only is refused', () => {
      const facts = make()
      if (facts.credential === undefined) return
      const answers = [{ ...facts.credential, odd: 1 }, facts.credential]
      let asked = 0
      Object.defineProperty(facts, 'credential', { enumerable: true, get: () => answers[asked++] })
      assert.throws(() => call(facts), { name: 'TypeError', message: /`credential` has no member `odd`; / })
      assert.equal(asked, 1)
    })
  })
}
