'use strict'

const assert = require('node:assert/strict')
const { existsSync, readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const addressparser = require('nodemailer/lib/addressparser')

const { Policy, Snapshot } = require('..')

const REPOSITORY = join(__dirname, '../../..')

const { own: OWN, policy: POLICY, fields: FIELDS } = JSON.parse(readFileSync(join(REPOSITORY, 'tests/differential/fields.json'), 'utf8'))

const SENDER = Buffer.from(`Sender: ${OWN}\r\n`)

const OUTSIDE = process.env.SENDAS_OUTSIDE_FIELDS

test('nodemailer reads no other mailbox in an allowed field', () => {
  const snapshot = ofAccount([OWN])
  let count = 0
  for (const { body, allowed } of FIELDS) {
    const block = Buffer.concat([SENDER, Buffer.from(`From:${body}\r\n`)])
    assert.equal(decide(snapshot, block).allowed, allowed, JSON.stringify(body))
    if (!allowed) continue
    check(block, [OWN])
    count += 1
  }
  assert.ok(count > FIELDS.length / 20)
})

test('nodemailer reads no other mailbox in what the fuzzer saved', () => {
  assert.ok(checkAll(saved()) >= 20)
})

test('nodemailer reads no other mailbox in what other projects test', {
  skip: OUTSIDE ? false : 'SENDAS_OUTSIDE_FIELDS names no file; `cargo xtask corpora FOLDER --fields FILE` writes one'
}, () => {
  const texts = JSON.parse(readFileSync(OUTSIDE, 'utf8'))
  assert.ok(checkAll(texts.map(text => Buffer.from(text, 'latin1'))) > texts.length / 4)
})

/** Returns the inputs of the fuzz targets that read a header or a From field, as headers. */
function saved () {
  const blocks = []
  for (const target of ['names', 'read_block', 'read_field']) {
    for (const kind of ['corpus', 'regressions']) {
      const folder = join(REPOSITORY, 'fuzz', kind, target)
      for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
        const octets = readFileSync(join(folder, name))
        blocks.push(target === 'read_block' ? octets : Buffer.concat([Buffer.from('From:'), octets, Buffer.from('\r\n')]))
      }
    }
  }
  return blocks
}

/** Checks every header that some account may send, and returns how many there are. */
function checkAll (blocks) {
  let count = 0
  for (const block of blocks) {
    // Several mailboxes need a Sender field; one that stands there already is left alone.
    const withSender = /^sender/im.test(block.toString('latin1')) ? block : Buffer.concat([SENDER, block])
    const own = needed(withSender)
    if (!own) continue
    check(withSender, own)
    count += 1
  }
  return count
}

function check (block, own) {
  const text = block.toString('utf8')
  const found = bodies(text).flatMap(body => addresses(addressparser(body)))
  const owned = new Set(own.map(value))
  assert.notDeepEqual(found, [], JSON.stringify(text))
  assert.deepEqual(found.filter(address => namesSomebody(address) && !owned.has(value(address))), [], JSON.stringify(text))
}

/** Returns the addresses that an account must own to send this, as they are spelled; null if none suffice. */
function needed (block) {
  const own = [OWN]
  for (;;) {
    const decision = decide(ofAccount(own), block)
    if (decision.allowed) return own
    const lacking = decision.reasons.filter(({ reason }) => reason === 'address_not_owned')
    const more = new Set(lacking.map(({ place }) => decision.octets(place).toString('utf8')))
    for (const address of own) more.delete(address)
    if (more.size === 0) return null
    own.push(...more)
  }
}

function ofAccount (own) {
  const given = structuredClone(POLICY)
  given.tenant[0].account[0].identity = own.map(address => ({ address, consent: 'given' }))
  return Snapshot.compile(Policy.fromJson(JSON.stringify(given)))
}

function decide (snapshot, header) {
  return snapshot.evaluate({
    now: 1_790_000_000,
    channel: 'smtp',
    account: 'mallory',
    smtputf8: true,
    envelopeSender: `<${OWN}>`,
    header
  })
}

/** Returns the bodies of a header's From fields, folds and all. */
function bodies (block) {
  const [header] = block.split('\r\n\r\n', 1)
  return [...header.matchAll(/^from[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/gim)].map(([, body]) => body)
}

function addresses (list) {
  return list.flatMap(({ address, group }) => group ? addresses(group) : [address])
}

/** Text without a local part or a domain names nobody (docs/rfc.md). */
function namesSomebody (address) {
  return /^[^@].*@./s.test(address)
}

/** Returns an address as it compares, however it is quoted. */
function value (address) {
  return address.replace(/["\\]/g, '').toLowerCase()
}
