'use strict'

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const addressparser = require('nodemailer/lib/addressparser')

const { Policy, Snapshot } = require('..')

const { own, policy, fields } = JSON.parse(readFileSync(join(__dirname, '../../../tests/differential/fields.json'), 'utf8'))

const SNAPSHOT = Snapshot.compile(Policy.fromJson(JSON.stringify(policy)))

test('nodemailer reads no other mailbox in an allowed field', () => {
  let count = 0
  for (const { body, allowed } of fields) {
    const decision = SNAPSHOT.evaluate({
      now: 1_790_000_000,
      channel: 'smtp',
      account: 'mallory',
      smtputf8: true,
      envelopeSender: `<${own}>`,
      header: [['From', body], ['Sender', ` ${own}`]]
    })
    assert.equal(decision.allowed, allowed, JSON.stringify(body))
    if (!allowed) continue
    const read = addresses(addressparser(body))
    assert.notDeepEqual(read, [], JSON.stringify(body))
    assert.deepEqual(read.filter(isOthers), [], JSON.stringify(body))
    count += 1
  }
  assert.ok(count > fields.length / 20)
})

function addresses (list) {
  return list.flatMap(({ address, group }) => group ? addresses(group) : [address])
}

/** Text without a local part or a domain names nobody (docs/rfc.md). */
function isOthers (address) {
  return /^[^@].*@./s.test(address) && address.replace(/["\\]/g, '').toLowerCase() !== own
}
