'use strict'

// The members of a request, which a script reads many times faster than a native function does.

const { isDate, isUint8Array } = require('node:util').types

const MEMBERS = ['now', 'channel', 'account', 'role', 'clientIp', 'credential', 'tls', 'smtputf8', 'envelopeSender', 'header', 'stage']

/** Whether a value is an object that has no members but those of a request; that it is one is not said. */
function mayBeRequest (value) {
  if (typeof value !== 'object' || value === null) return false
  let next = 0
  for (const name in value) {
    // Members mostly stand in this order, so that few names are compared.
    while (next < MEMBERS.length && MEMBERS[next] !== name) next++
    if (next === MEMBERS.length) next = MEMBERS.indexOf(name)
    if (next < 0) return false
    next++
  }
  return true
}

/** Whether a value is an object that has no members but those of a credential. */
function mayBeCredential (value) {
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) if (name !== 'kind' && name !== 'id' && name !== 'scopes') return false
  return true
}

/** Whether a value is an object that has no members but that of an envelope sender. */
function mayBeSender (value) {
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) if (name !== 'unquoted') return false
  return true
}

/**
 * The elements that an array has now, up to the first that is missing: no array of a request may lack one, and as many as it says may be
 * more than there is memory for. A method of its own, which may leave some out, is not asked for them.
 */
function elements (array) {
  const all = []
  for (let place = 0, { length } = array; place < length; place++) {
    const element = array[place]
    all.push(element)
    if (element === undefined) break
  }
  return all
}

/** The elements of an array as `elements` gives them, each as `take` returns it, behind those that were taken of this length of it. */
function elementsFrom (array, taken, length, take) {
  for (let place = taken.length; place < length; place++) {
    const element = array[place]
    taken.push(take(element))
    if (element === undefined) break
  }
  return taken
}

// What a script may change afterwards, or while further members are read, is copied as soon as it is read: also what has no octets,
// since its buffer may grow. What is of a wrong type is left for the native function to refuse.
const copied = octets => typeof octets === 'object' && isUint8Array(octets) ? new Uint8Array(octets.length > 0 ? octets : 0) : octets
const copiedTexts = texts => Array.isArray(texts) ? elementsFrom(texts, [], texts.length, copied) : texts
const copiedHeader = header => Array.isArray(header) ? elementsFrom(header, [], header.length, copiedTexts) : copied(header)
const copiedSender = sender => {
  if (typeof sender !== 'object' || isUint8Array(sender)) return copied(sender)
  return mayBeSender(sender) ? { unquoted: copied(sender.unquoted) } : sender
}
const copiedInstant = now => typeof now === 'object' && isDate(now) ? new Date(now) : now

/** Reads the members of a request, each once, and lists them; null where it is none. */
function members (request) {
  if (!mayBeRequest(request)) return null
  const now = copiedInstant(request.now)
  const { channel } = request
  const account = copied(request.account)
  const role = copied(request.role)
  const clientIp = copied(request.clientIp)
  const { credential } = request
  if (credential != null && !mayBeCredential(credential)) return null
  const kind = credential?.kind
  const id = copied(credential?.id)
  const scopes = copiedTexts(credential?.scopes)
  const { tls, smtputf8 } = request
  const envelopeSender = copiedSender(request.envelopeSender)
  const header = copiedHeader(request.header)
  const { stage } = request
  return listed(now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage)
}

/** Lists members in the order in which the native function takes them. */
function listed (now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage) {
  return [
    now, channel, account, role, clientIp, credential == null ? null : true, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage
  ]
}

module.exports = {
  copied, copiedHeader, copiedInstant, copiedSender, copiedTexts, elements, elementsFrom, listed, mayBeCredential, mayBeRequest, members
}
