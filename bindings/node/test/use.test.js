'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')

const sendas = require('..')
const {
  Decision, Explanation, NULL, Policy, PolicyError, REASONS, RecordError, Reply, RequestRecord, Session, Snapshot, policySchema
} = sendas
const { CLIENT, NOW, TOML, request } = require('./policy.js')

const policy = Policy.fromToml(TOML)
const snapshot = Snapshot.compile(policy)
const FORGED = request({ envelopeSender: '<gloria@globex.example>' })

describe('policies', () => {
  test('every form and kind of text reads as the same policy', () => {
    const json = policy.toJson()
    for (const same of [Policy.fromJson(json), Policy.fromJson(Buffer.from(json)), Policy.fromJsonLines(policy.toJsonLines())]) {
      assert.equal(same.toJson(), json)
      assert.equal(Snapshot.compile(same).id, snapshot.id)
    }
  })

  test('lines are compiled as they come', () => {
    const hashKey = Buffer.alloc(16, 7)
    const tenants = Array.from({ length: 20_000 }, (_, number) => `{"id":"tenant-${20_000 - number}"}\n`)
    const text = '{"schema":1}\n' + tenants.join('')
    const expected = Buffer.from(Snapshot.compile(Policy.fromJsonLines(text), { hashKey }).seal())
    function * pieces () {
      for (let start = 0; start < text.length; start += 1_001) yield text.slice(start, start + 1_001)
    }
    for (const given of [text, Buffer.from(text), pieces(), ['{"schema":1}\n', ...tenants.map(line => Buffer.from(line))]]) {
      assert.ok(expected.equals(Snapshot.fromJsonLines(given, { hashKey }).seal()))
    }
    const lines = policy.toJsonLines()
    assert.equal(Snapshot.fromJsonLines(lines).id, snapshot.id)
  })

  test('lines that are compiled are refused as those that are read', () => {
    const text = '{"schema":1}\n{"id":"acme","suspendet":true}\n{"id":"acme"}\n'
    assert.throws(() => Snapshot.fromJsonLines(text), error => {
      assert.ok(error instanceof PolicyError)
      assert.deepEqual(error.diagnostics.map(({ line, column, path }) => [line, column, path]),
        [[2, 14, 'tenant[0].suspendet'], [3, 1, 'tenant[1].id']])
      return true
    })
    assert.throws(() => Snapshot.fromJsonLines([]), PolicyError)
    let closed = false
    function * broken () {
      try {
        yield '{"schema":1}\n'
        throw new RangeError('the disk is gone')
      } finally {
        closed = true
      }
    }
    assert.throws(() => Snapshot.fromJsonLines(broken()), /the disk is gone/)
    assert.ok(closed)
    assert.throws(() => Snapshot.fromJsonLines([7]), /`text` must be a string or a Uint8Array/)
    assert.throws(() => Snapshot.fromJsonLines(7), TypeError)
  })

  test('a path is read by its suffix', t => {
    const folder = mkdtempSync(join(tmpdir(), 'sendas-'))
    t.after(() => rmSync(folder, { recursive: true }))
    for (const [suffix, text] of [['toml', TOML], ['json', policy.toJson()], ['jsonl', policy.toJsonLines()]]) {
      const path = join(folder, `policy.${suffix}`)
      writeFileSync(path, text)
      assert.equal(Policy.fromPath(path).toJson(), policy.toJson())
      assert.equal(Policy.fromPath(pathToFileURL(path)).toJson(), policy.toJson())
    }
    assert.throws(() => Policy.fromPath(join(folder, 'none.toml')), { code: 'ENOENT' })
  })

  test('every problem of a text is named, with its place', () => {
    assert.throws(() => Policy.fromToml('schema = 1\n[[tenant]]\nid = "acme"\nsuspendet = true\nparent = "none"\n'), error => {
      assert.ok(error instanceof PolicyError && error instanceof Error)
      assert.equal(error.name, 'PolicyError')
      assert.equal(error.message.split('\n').length, error.diagnostics.length)
      const { message, ...place } = error.diagnostics[0]
      assert.notEqual(message, '')
      assert.deepEqual(place, { line: 4, column: 1, path: 'tenant[0].suspendet', help: 'did you mean `suspended`?' })
      return true
    })
  })

  test('text that is no UTF-8 is a problem of the text', () => {
    for (const text of [Buffer.from([0x73, 0xff]), 'schema = 1 # \ud800']) assert.throws(() => Policy.fromToml(text), PolicyError)
  })

  test('the schema is JSON', () => assert.match(JSON.parse(policySchema()).$schema, /2020-12/))
})

describe('snapshots', () => {
  test('the id is that of the content, whatever the key', () => {
    assert.match(snapshot.id, /^[0-9a-f]{32}$/)
    assert.equal(Snapshot.compile(policy, { hashKey: new Uint8Array(16) }).id, snapshot.id)
    assert.deepEqual(snapshot.tenants(), ['acme', 'globex'])
    assert.ok(snapshot.size > 0)
  })

  test('a tenant is replaced, removed and added again', () => {
    const changed = Policy.fromToml(TOML.replace('alice@acme.example', 'al@acme.example'))
    const replaced = snapshot.replaceTenant('acme', changed)
    assert.equal(replaced.id, Snapshot.compile(changed).id)
    assert.notEqual(replaced.id, snapshot.id)
    const removed = snapshot.removeTenant('acme')
    assert.deepEqual(removed.tenants(), ['globex'])
    assert.equal(removed.evaluate(request({})).reasons[0].reason, 'unknown_account')
    assert.equal(removed.replaceTenant('acme', policy).id, snapshot.id)
    assert.equal(snapshot.removeTenant('none').id, snapshot.id)
    assert.equal(snapshot.evaluate(request({})).verdict, 'allow')
    assert.throws(() => snapshot.replaceTenant('none', policy), {
      name: 'TypeError',
      message: '`id` must be the id of a tenant of the policy, which has no `none`'
    })
  })

  test('a tenant that does not fit to the others is refused', () => {
    const claim = Policy.fromToml('schema = 1\n[[tenant]]\nid = "other"\n[[tenant.account]]\nid = "alice"\n')
    assert.throws(() => snapshot.replaceTenant('other', claim), error => {
      assert.ok(error instanceof PolicyError)
      const [{ line, column, path, message, help }] = error.diagnostics
      assert.deepEqual([line, column], [null, null])
      assert.match(path, /^tenant\[\d\]\.account\[0\]/)
      assert.notEqual(message, '')
      assert.notEqual(help, '')
      return true
    })
  })
})

describe('decisions', () => {
  test('an instant is seconds, a bigint or a Date', () => {
    for (const now of [NOW, BigInt(NOW), new Date(NOW * 1000 + 999), -1, -62_167_219_200, 253_402_300_799n]) {
      assert.equal(snapshot.evaluate(request({ now })).verdict, 'allow')
    }
  })

  test('an instant in milliseconds is found out', () => {
    const message = '`now`: whole seconds since 1970 within the years 0 to 9999 are expected; in milliseconds it would be 2026-12-01T00:00:00Z'
    assert.throws(() => snapshot.evaluate(request({ now: Date.UTC(2026, 11) })), { name: 'TypeError', message })
    assert.throws(() => snapshot.evaluate(request({ now: -62_167_219_201 })), TypeError)
    for (const now of [2n ** 200n, -(2n ** 63n)]) assert.throws(() => snapshot.evaluate(request({ now })), TypeError)
  })

  test('a Date beyond the years 0 to 9999 is refused as one', () => {
    const message = '`now` must be within the years 0 to 9999'
    for (const now of [new Date(253_402_300_800_000), new Date(-62_167_219_200_001), new Date(8.64e15), new Date(-8.64e15)]) {
      assert.throws(() => snapshot.evaluate(request({ now })), { name: 'TypeError', message })
    }
    assert.equal(snapshot.evaluate(request({ now: new Date(253_402_300_799_999) })).verdict, 'allow')
  })

  test('a stage looks no further than it is', () => {
    const reasons = stage => snapshot.evaluate({ ...FORGED, header: undefined, stage }).reasons.map(({ reason }) => reason)
    assert.deepEqual(reasons('session'), [])
    assert.deepEqual(reasons('envelope'), ['address_not_owned', 'address_of_another_tenant'])
    assert.deepEqual(reasons('message'), ['address_not_owned', 'address_of_another_tenant', 'header_not_given'])
    assert.deepEqual(reasons(undefined), reasons('message'))
  })

  test('the null reverse-path is a text; null and undefined are not known', () => {
    for (const envelopeSender of [NULL, '<>', new Uint8Array([0x3c, 0x3e])]) {
      assert.equal(snapshot.evaluate(request({ envelopeSender })).verdict, 'allow')
      assert.equal(snapshot.evaluate(request({ envelopeSender, header: null, stage: 'envelope' })).provisional, true)
      assert.equal(snapshot.session(CLIENT).mailFrom(snapshot, { now: NOW, envelopeSender }).provisional, true)
    }
    for (const [envelopeSender, reason] of [[null, 'sender_unknown'], [undefined, 'sender_unknown'], ['', 'sender_syntax']]) {
      assert.equal(snapshot.evaluate(request({ envelopeSender })).reasons[0].reason, reason)
      assert.equal(snapshot.session(CLIENT).mailFrom(snapshot, { now: NOW, envelopeSender }).reasons[0].reason, reason)
    }
  })

  test('a fact that is null is decided as one that is left out', () => {
    for (const member of ['account', 'role', 'clientIp', 'credential', 'tls', 'smtputf8', 'envelopeSender', 'header', 'stage']) {
      const { [member]: _, ...without } = request({})
      assert.deepEqual(snapshot.evaluate(request({ [member]: null })).toJSON(), snapshot.evaluate(without).toJSON())
    }
  })

  test('a message that is discarded or held is answered as if it were accepted, and only the action says so', () => {
    for (const action of ['discard', 'hold']) {
      const quiet = Snapshot.compile(Policy.fromToml(TOML.replace('id = "acme"', `id = "acme"\nsender.on_deny = "${action}"`)))
      const decision = quiet.evaluate(FORGED)
      assert.deepEqual([decision.verdict, decision.allowed, decision.action], ['deny', false, action])
      assert.deepEqual([decision.problem(), decision.setError(), decision.reply().code], [null, null, 250])
    }
  })

  test('offsets count octets', () => {
    const body = ' "Zoë €" <gloria@globex.example>'
    for (const header of [[['Subject', 'hi'], ['From', body]], [['Subject', 'hi'], [Buffer.from('from'), Buffer.from(body)]]]) {
      const finding = snapshot.evaluate(request({ header })).reasons.find(({ reason }) => reason === 'address_not_owned')
      const { subject, field, start, end } = finding.place
      assert.deepEqual([subject, field], ['from', 1])
      assert.equal(Buffer.from(body).subarray(start, end).toString(), 'gloria@globex.example')
    }
  })

  test('grants say what gave an address', () => {
    const [envelope, from] = snapshot.evaluate(request({})).grants
    assert.deepEqual(envelope, { basis: 'own_address', place: { subject: 'envelope_sender', field: 0, start: 1, end: 19 } })
    assert.equal(from.place.subject, 'from')
  })

  test('what clients are told', () => {
    const decision = snapshot.evaluate(FORGED)
    const text = '<gloria@globex.example>: Sender address rejected: not owned by user alice'
    assert.ok(decision.reply() instanceof Reply)
    assert.deepEqual(decision.reply().toJSON(), { code: 550, enhanced: '5.7.1', text })
    assert.equal(`${decision.reply('postfix')}`, `553 5.7.1 ${text}`)
    assert.deepEqual(decision.problem(), { status: 403, title: 'Forbidden', detail: text })
    assert.deepEqual(decision.setError(), { type: 'forbiddenMailFrom', description: text })
    const allowed = snapshot.evaluate(request({}))
    assert.deepEqual([allowed.problem(), allowed.setError(), allowed.reply().code], [null, null, 250])
  })

  test('a decision is written as JSON', () => {
    const decision = snapshot.evaluate(FORGED)
    const data = JSON.parse(decision.toJson())
    assert.deepEqual(decision.toJSON(), data)
    assert.equal(JSON.stringify(decision), decision.toJson())
    assert.deepEqual(data.reasons, decision.reasons)
    assert.deepEqual(data.grants, decision.grants)
    assert.deepEqual([data.would_deny, data.snapshot_id], [decision.wouldDeny, snapshot.id])
    assert.deepEqual([data.reply, data.problem, data.set_error], [decision.reply().toJSON(), decision.problem(), decision.setError()])
    assert.equal(JSON.parse(decision.toJson('postfix')).reply.code, 553)
    assert.match(inspect(decision), /^Decision \{\s+stage: 'message',\s+verdict: 'deny'/)
    assert.match(inspect(decision.reply()), /^Reply \{/)
  })

  test('the octets of a place are those of the request', () => {
    const decision = snapshot.evaluate(FORGED)
    assert.equal(String(decision.octets(decision.reasons[0].place)), 'gloria@globex.example')
    assert.equal(String(decision.octets(decision.grants[0].place)), 'alice@acme.example')
    assert.equal(decision.octets({ subject: 'account', field: 0, start: 0, end: 0 }), null)
    assert.throws(() => decision.octets({ subject: 'body', field: 0, start: 0, end: 0 }), TypeError)
  })

  test('many are decided in their order', () => {
    const requests = [request({}), FORGED, request({ stage: 'session' })]
    const decisions = snapshot.evaluateMany(requests)
    assert.deepEqual(decisions.map(decision => decision.toJSON()), requests.map(request => snapshot.evaluate(request).toJSON()))
    assert.deepEqual(decisions.map(({ verdict }) => verdict), ['allow', 'deny', 'allow'])
    assert.deepEqual(snapshot.evaluateMany([]), [])
  })

  test('without a snapshot a host defers', () => {
    const decision = Decision.withoutSnapshot('envelope')
    assert.deepEqual([decision.verdict, decision.action, decision.reply().code], ['defer', 'tempfail', 451])
  })
})

describe('sessions', () => {
  test('transactions follow one another, and a revocation reaches them', () => {
    const session = snapshot.session(CLIENT)
    assert.ok(session instanceof Session)
    assert.deepEqual([session.decision.stage, session.decision.verdict, session.decision.reply().code], ['session', 'allow', 235])
    const transaction = { now: NOW, envelopeSender: '<alice@acme.example>', smtputf8: true }
    assert.equal(session.mailFrom(snapshot, transaction).allowed, true)
    assert.equal(session.message([['From', 'alice@acme.example']]).allowed, true)
    assert.equal(session.message([['From', 'gloria@globex.example']]).allowed, false)
    assert.equal(session.decision.reply().text, '<gloria@globex.example>: Sender address rejected: not owned by user alice')

    const revoked = snapshot.removeTenant('acme')
    const decision = session.mailFrom(revoked, transaction)
    assert.deepEqual([decision.reasons[0].reason, decision.snapshotId], ['unknown_account', revoked.id])
    assert.deepEqual(session.decision.toJSON(), decision.toJSON())
    assert.equal(session.message().snapshotId, revoked.id)
  })
})

describe('records', () => {
  const folder = join(__dirname, '../../..')
  const lines = name => readFileSync(join(folder, 'tests/json', name), 'utf8').trimEnd().split('\n')

  test('recorded requests are decided as every language decides them', () => {
    const snapshot = Snapshot.compile(Policy.fromPath(join(folder, 'examples/policy/policy.toml')))
    const requests = lines('requests.jsonl').map(line => RequestRecord.fromJson(line).request())
    const decisions = snapshot.evaluateMany(requests).map(decision => decision.toJson().replace(snapshot.id, '0'.repeat(32)))
    assert.deepEqual(decisions, lines('decisions.jsonl'))
    assert.ok(decisions.length > 5)
  })

  test('a record is read back as it was written', () => {
    for (const line of lines('requests.jsonl')) {
      const record = RequestRecord.fromJson(Buffer.from(line))
      assert.equal(RequestRecord.fromJson(record.toJson()).toJson(), record.toJson())
      assert.equal(new RequestRecord(record.request()).toJson().replace('{"path":"<>"}', '{"null":true}'), record.toJson())
      assert.deepEqual(record.toJSON(), JSON.parse(line.includes('smtputf8') ? line : line.replace('"channel"', '"smtputf8":false,"channel"')))
    }
    const members = { ...request({ credential: { kind: 'oauth', scopes: [] }, tls: 'plain', clientIp: '192.0.2.1' }), smtputf8: true }
    const { header: [[name, body]], credential, now, account } = new RequestRecord(members).request()
    assert.deepEqual([String(name), String(body), credential, now, String(account)], ['From', ' Alice <alice@acme.example>', { kind: 'oauth', scopes: [] }, NOW, 'alice'])
  })

  test('every problem of a record is named', () => {
    assert.throws(() => RequestRecord.fromJson('{"now":"2026-12-07T09:30:00Z","chanel":"smtp"}'), error => {
      assert.ok(error instanceof RecordError && !(error instanceof PolicyError))
      assert.deepEqual([error.name, error.diagnostics.map(({ help }) => help)], ['RecordError', ['it is required', 'did you mean `channel`?']])
      return true
    })
    assert.throws(() => new RequestRecord({ ...request({}), stage: 'session' }), TypeError)
  })
})

describe('explanations', () => {
  test('a session explains its latest decision', () => {
    const session = snapshot.session(CLIENT)
    const asked = view => explained => assert.equal(session.explain(view).toJson(), snapshot.explain(explained, view).toJson())
    for (const equal of [asked('provider'), asked('tenant')]) {
      const transaction = { now: NOW, envelopeSender: '<gloria@globex.example>', smtputf8: false }
      session.mailFrom(snapshot, transaction)
      equal({ ...CLIENT, ...transaction, stage: 'envelope' })
      session.message('From: alice@acme.example\r\n\r\n')
      equal({ ...CLIENT, ...transaction, header: 'From: alice@acme.example\r\n\r\n' })
    }
    assert.equal(snapshot.session(CLIENT).explain('tenant').stage, 'session')
    assert.throws(() => session.explain('admin'), TypeError)
  })

  test('an explanation is written as text and as JSON', () => {
    const explanation = snapshot.explain(FORGED, 'provider')
    assert.ok(explanation instanceof Explanation)
    const { steps, near_misses: nearMisses, reasons } = JSON.parse(JSON.stringify(explanation))
    assert.deepEqual({ steps, nearMisses, reasons }, { steps: explanation.steps, nearMisses: explanation.nearMisses, reasons: explanation.reasons })
    assert.ok(`${explanation}`.startsWith('deny at the message stage\n'))
    assert.match(inspect(explanation), /^Explanation \{/)
  })

  test('a tenant sees nothing of others', () => {
    const provider = snapshot.explain(FORGED, 'provider')
    const tenant = snapshot.explain(FORGED, 'tenant')
    assert.deepEqual([provider.view, tenant.view, tenant.verdict, tenant.stage], ['provider', 'tenant', 'deny', 'message'])
    const slugs = explanation => explanation.reasons.map(({ reason }) => reason)
    assert.ok(slugs(provider).includes('address_of_another_tenant'))
    assert.ok(!slugs(tenant).includes('address_of_another_tenant'))
    assert.match(provider.steps.map(({ text }) => text).join('\n'), /another tenant/)
    assert.doesNotMatch(tenant.steps.map(({ text }) => text).join('\n'), /another tenant/)
  })

  test('each field that cannot be read is named once', () => {
    const account = { id: 'alice', resend: true }
    const text = JSON.stringify({ schema: 1, tenant: [{ id: 'acme', controls: { header: 'monitor' }, account: [account] }] })
    const header = [['From', 'a@b.example'], ['Resent-From', 'a(x)@b.example'], ['Resent-Sender', 'b(x)@b.example']]
    const { steps } = Snapshot.compile(Policy.fromJson(text)).explain(request({ header }), 'tenant')
    assert.deepEqual(steps.map(({ text }) => text).filter(text => text.includes('cannot be read')), [
      '`resent` (header field 1) cannot be read from octet 0 on: a comment inside an address',
      '`resent` (header field 2) cannot be read from octet 0 on: a comment inside an address',
    ])
  })

  test('near misses have their place', () => {
    const sender = '<alcie@acme.test>'
    const { nearMisses: [miss] } = snapshot.explain({ ...request({ envelopeSender: sender }), stage: 'envelope' }, 'tenant')
    assert.match(miss.text, /alice@acme\.example/)
    assert.equal(sender.slice(miss.place.start, miss.place.end), 'alcie@acme.test')
  })
})

describe('the package', () => {
  test('the reason table is whole and cannot be changed', () => {
    assert.ok(Object.isFrozen(REASONS) && REASONS.every(Object.isFrozen))
    assert.equal(new Set(REASONS.map(({ reason }) => reason)).size, REASONS.length)
    const { doc, ...row } = REASONS.find(({ reason }) => reason === 'address_not_owned')
    assert.notEqual(doc, '')
    assert.deepEqual(row, { reason: 'address_not_owned', control: 'sender', stage: 'envelope', verdict: 'deny' })
    assert.equal(REASONS.find(({ reason }) => reason === 'unknown_account').control, null)
  })

  test('CommonJS and ESM give the same, by the name of the package', async () => {
    const module = await import('sendas')
    assert.deepEqual(Object.keys(module).sort(), Object.keys(sendas).sort())
    for (const name of Object.keys(sendas)) assert.equal(module[name], sendas[name])
    assert.equal(require('sendas'), sendas)
  })

  test('the page of the package does what it says', () => {
    const page = readFileSync(join(__dirname, '../README.md'), 'utf8')
    const script = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, example]) => example).join('')
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: join(__dirname, '..'), encoding: 'utf8' })
    const promised = [...script.matchAll(/\/\/ (.*)/g)].map(([, comment]) => comment)
    assert.equal(promised.length, 4)
    assert.equal(printed.replace(/\s+/g, ' ').trim(), promised.join(' '))
  })
})
