'use strict'

// Everything of a request is read here, each member once, since a function may answer otherwise the second time. What a
// script may change afterwards, or while further members are read, is copied as soon as it is read. The native functions
// take a list of what was read, so that no script runs any more, and refuse what is of a wrong type. They could read
// members too, but a script does it many times faster.

const { isDate, isUint8Array } = require('node:util').types

const REQUEST = ['now', 'channel', 'account', 'role', 'clientIp', 'credential', 'tls', 'smtputf8', 'envelopeSender', 'header', 'stage']
const CREDENTIAL = ['kind', 'id', 'scopes']
const SENDER = ['unquoted']

/** What a record of a request may have, and a client. */
const RECORD = REQUEST.slice(0, -1)
const CLIENT = REQUEST.slice(0, 7)

/**
 * Reads the members of a request, or of what may have only these of them, and no other: one that is not enumerable, as a getter of a
 * class is, may be there all the same. The fields of its header are left to be read.
 */
function readMembers (request, names = REQUEST) {
  const wrong = oddOf(request, names)
  if (wrong !== undefined) return { odd: wrong }
  const now = copiedInstant(request.now)
  const { channel } = request
  const account = copied(request.account)
  const role = copied(request.role)
  const clientIp = copied(request.clientIp)
  const { credential } = request
  let odd, kind, id, scopes
  if (credential != null) {
    const wrong = oddOf(credential, CREDENTIAL)
    if (wrong !== undefined) odd = { credential: wrong }
    kind = credential.kind
    id = copied(credential.id)
    scopes = copiedTexts(credential.scopes)
  }
  const { tls } = request
  let smtputf8, envelopeSender, header, stage
  if (names !== CLIENT) {
    smtputf8 = request.smtputf8
    envelopeSender = copiedSender(request.envelopeSender)
    header = request.header
    if (!Array.isArray(header)) header = copied(header)
  }
  if (names === REQUEST) stage = request.stage
  return { now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage, odd }
}

/** Lists what was read in the order in which the native functions take it. */
function listed (read, header = copiedHeader(read.header)) {
  const { now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, stage, odd } = read
  const given = credential == null ? null : true
  return [now, channel, account, role, clientIp, given, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage, odd]
}

/** Reads and lists the members of a request, or of what may have only these of them. */
const listMembers = (request, names) => listed(readMembers(request, names))

/**
 * What is wrong with a value that is to be an object with no members but these, for the native function to say: false where
 * it is no object, or an object with the first member that is another. Nothing, where nothing is wrong.
 */
function oddOf (value, names) {
  if (typeof value !== 'object' || value === null) return false
  let next = 0
  for (const name in value) {
    // Members mostly stand in this order, so that few names are compared.
    while (next < names.length && names[next] !== name) next++
    if (next === names.length) next = names.indexOf(name)
    if (next < 0) return { [name]: undefined }
    next++
  }
  return undefined
}

// What has no octets is copied too, since its buffer may grow.
const copied = octets => typeof octets === 'object' && isUint8Array(octets) ? new Uint8Array(octets.length > 0 ? octets : 0) : octets
const copiedInstant = now => typeof now === 'object' && isDate(now) ? new Date(now) : now

/** Copies an array of texts, up to the first that is missing, as it may say that it has more than there is memory for. */
function copiedTexts (texts) {
  if (!Array.isArray(texts)) return texts
  const all = []
  for (let place = 0, { length } = texts; place < length; place++) {
    const text = copied(texts[place])
    all.push(text)
    if (text === undefined) break
  }
  return all
}

function copiedSender (sender) {
  if (typeof sender !== 'object' || sender === null || isUint8Array(sender)) return copied(sender)
  const odd = oddOf(sender, SENDER)
  return { unquoted: copied(sender.unquoted), ...odd }
}

/** Copies a header: the whole block, or the names and bodies of its fields in turn; false where one is no field. */
const copiedHeader = header => Array.isArray(header) ? copiedFields(header, header.length, 0, []) : copied(header)

/** Copies the names and bodies of the fields from `start` on, behind those that are copied. */
function copiedFields (header, length, start, texts) {
  for (let place = start; place < length; place++) {
    const field = header[place]
    if (!Array.isArray(field) || field.length !== 2) return false
    texts.push(copied(field[0]), copied(field[1]))
  }
  return texts
}

module.exports = { CLIENT, RECORD, copied, copiedFields, copiedHeader, listMembers, listed, readMembers }
