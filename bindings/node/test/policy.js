'use strict'

/** A policy with two customers, for the tests of this folder. */
exports.TOML = `
schema = 1

[[tenant]]
id = "acme"

[[tenant.domain]]
name = "acme.example"
status = "verified"
senders = "any"

[[tenant.account]]
id = "alice"
address = "alice@acme.example"

[[tenant.account]]
id = "\\uFFFD"
address = "replaced@acme.example"

[[tenant.account]]
id = "keyed"
address = "keyed@acme.example"

[[tenant.account.credential]]
id = "key-1"
kind = "api_key"

[[tenant]]
id = "globex"

[[tenant.domain]]
name = "globex.example"
status = "verified"
senders = "any"

[[tenant.account]]
id = "gloria"
address = "gloria@globex.example"

[[tenant.account.allowlist]]
channel = "smtp"
entries = [{ cidr = "192.0.2.0/24" }]
`

exports.NOW = 1_800_000_000

/** What is known of a client whose session is allowed. */
exports.CLIENT = { now: exports.NOW, channel: 'smtp', account: 'alice' }

/** Returns a request that is allowed, with these members in place of its own. */
exports.request = members => ({
  ...exports.CLIENT,
  envelopeSender: '<alice@acme.example>',
  header: [['From', ' Alice <alice@acme.example>']],
  ...members
})
