'use strict'

// Requests as streams of Arrow, and decisions read back from them.

const { Binary, Bool, Field, Int64, List, Struct, Table, Utf8, tableFromIPC, tableToIPC, vectorFromArray } = require('apache-arrow')

const member = (name, type) => new Field(name, type, true)
const pairs = text => new List(member('item', new Struct([member('name', text), member('body', text)])))

/** The columns of requests in one layout of text. */
const types = (text = new Binary()) => ({
  now: new Int64(),
  channel: new Utf8(),
  account: text,
  role: text,
  client_ip: text,
  credential_kind: new Utf8(),
  credential_id: text,
  scopes: new List(member('item', text)),
  tls: new Utf8(),
  smtputf8: new Bool(),
  envelope_sender: new Struct([member('path', text), member('unquoted', text)]),
  stage: new Utf8()
})

/** Returns requests as a table; all of them have their headers as blocks, or all as fields, or none. */
function table (requests, text = new Binary()) {
  // A string stands for its octets as the package itself reads it, lone surrogates included.
  const octets = text => text == null ? null : typeof text === 'string' ? wtf8(text) : text
  const value = text instanceof Binary ? octets : given => given == null ? null : Buffer.from(octets(given)).toString('utf8')
  const sender = given => {
    if (given == null) return null
    return given.unquoted === undefined ? { path: value(given), unquoted: null } : { path: null, unquoted: value(given.unquoted) }
  }
  const column = {
    now: ({ now }) => BigInt(now instanceof Date ? Math.floor(now.getTime() / 1000) : now),
    channel: ({ channel }) => channel,
    account: ({ account }) => value(account),
    role: ({ role }) => value(role),
    client_ip: ({ clientIp }) => value(clientIp),
    credential_kind: ({ credential }) => credential?.kind ?? null,
    credential_id: ({ credential }) => value(credential?.id),
    scopes: ({ credential }) => credential?.scopes?.map(value) ?? null,
    tls: ({ tls }) => tls ?? null,
    smtputf8: ({ smtputf8 }) => smtputf8 ?? null,
    envelope_sender: ({ envelopeSender }) => sender(envelopeSender),
    stage: ({ stage }) => stage ?? null
  }
  const vectors = Object.entries(types(text)).map(([name, type]) => [name, vectorFromArray(requests.map(column[name]), type)])
  const fields = requests.some(({ header }) => Array.isArray(header))
  const header = ({ header }) => fields ? header?.map(([name, body]) => ({ name: value(name), body: value(body) })) ?? null : value(header)
  return new Table(Object.fromEntries([...vectors, ['header', vectorFromArray(requests.map(header), fields ? pairs(text) : text)]]))
}

/** Returns a table of several batches. */
function batches (tables) {
  return new Table(tables[0].schema, tables.flatMap(({ batches }) => batches))
}

const stream = table => tableToIPC(table, 'stream')

/** Reads a stream as plain rows. */
function rows (stream) {
  return tableFromIPC(stream).toArray().map(row => plain(row.toJSON()))
}

/** Returns what the columns say of a decision. */
function row (decision) {
  const place = ({ subject, field, start, end }) => {
    const octets = decision.octets({ subject, field, start, end })
    return { subject, field, start, end, octets: octets === null ? null : hex(octets) }
  }
  const finding = ({ reason, place: given }) => ({ reason, ...place(given) })
  const first = decision.reasons.map(finding)[0]
  const { verdict, action, stage, provisional, omitted, omittedGrants } = decision
  return {
    verdict,
    action,
    stage,
    provisional,
    reason: first?.reason ?? null,
    subject: first?.subject ?? null,
    octets: first?.octets ?? null,
    reasons: decision.reasons.map(finding),
    would_deny: decision.wouldDeny.map(finding),
    omitted,
    grants: decision.grants.map(({ basis, place: given }) => ({ basis, ...place(given) })),
    omitted_grants: omittedGrants
  }
}

function plain (value) {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return hex(value)
  if (value === null || typeof value !== 'object') return value
  if (typeof value.toJSON === 'function') value = value.toJSON()
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

const hex = octets => Buffer.from(octets).toString('hex')

/** Returns a string's UTF-8, and of a lone surrogate the three octets that would stand for it. */
function wtf8 (text) {
  return Buffer.concat(Array.from(text, character => {
    const unit = character.charCodeAt(0)
    const lone = character.length === 1 && unit >= 0xd800 && unit < 0xe000
    return lone ? Buffer.from([0xe0 | unit >> 12, 0x80 | unit >> 6 & 0x3f, 0x80 | unit & 0x3f]) : Buffer.from(character)
  }))
}

module.exports = { batches, row, rows, stream, table }
