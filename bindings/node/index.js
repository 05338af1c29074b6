'use strict'

const { randomBytes } = require('node:crypto')
const { closeSync, openSync, readFileSync, readdirSync } = require('node:fs')
const { extname } = require('node:path')
const { fileURLToPath } = require('node:url')
const { isDate, isUint8Array } = require('node:util').types

const {
  Decision, Directory, Explanation, Observations, Policy, PostfixLog, Reply, RequestRecord, Session, Snapshot, atOnce, decideJoined,
  decideOthers, decisionOf, decisionOfJoined, obligations, policySchema, reasons, summariesOf, words
} = require(library())

/** Finds what `npm run build` made on a machine like this one. */
function library () {
  const system = `${process.platform}-${process.arch}`
  const name = readdirSync(__dirname).find(name => name.startsWith(`sendas.${system}`) && name.endsWith('.node'))
  if (name === undefined) throw new Error(`this copy of sendas holds no library for ${system}`)
  return `./${name}`
}

/** An error that is called as its class is. */
class NamedError extends Error {
  constructor (message) {
    super(message)
    this.name = new.target.name
  }
}

/** What is wrong with a text: the message has a line for each problem. */
class TextError extends NamedError {
  constructor (message, diagnostics) {
    super(message)
    this.diagnostics = diagnostics
  }
}

class PolicyError extends TextError {}
class RecordError extends TextError {}

/** Why a sealed snapshot cannot be used. */
class SnapshotError extends NamedError {}

/** Why a stream of Arrow's cannot be decided. */
class ArrowError extends NamedError {}

/** Replaces a method by one that is made of it. */
function replace (owner, name, make) {
  Object.defineProperty(owner, name, { ...Object.getOwnPropertyDescriptor(owner, name), value: make(owner[name]) })
}

/** The error of a message with diagnostics or, where there are none, the one about a sealed snapshot. */
function refusal (type, [message, diagnostics]) {
  return diagnostics == null ? new SnapshotError(message) : new type(message, diagnostics)
}

/** Makes a method that throws what the native one returns in place of its answer. */
function throwing (type) {
  return method => function (...values) {
    const answer = method.apply(this, values)
    if (Array.isArray(answer)) throw refusal(type, answer)
    return answer
  }
}

for (const name of ['fromToml', 'fromJson', 'fromJsonLines']) replace(Policy, name, throwing(PolicyError))
for (const name of ['replaceTenant', 'removeTenant', 'seal', 'compact', 'delta', 'applyDelta']) replace(Snapshot.prototype, name, throwing(PolicyError))
replace(RequestRecord, 'fromJson', throwing(RecordError))

replace(Snapshot, 'open', open => throwing(SnapshotError)(sealed => {
  if (sealed instanceof URL) sealed = fileURLToPath(sealed)
  // A file that cannot be read is refused as everywhere in Node.
  if (typeof sealed === 'string') closeSync(openSync(sealed, 'r'))
  return open(sealed)
}))
for (const [name, type] of [['tenants', SnapshotError], ['verify', SnapshotError], ['evaluateArrow', ArrowError]]) {
  replace(Snapshot.prototype, name, method => function (...values) {
    try {
      return method.apply(this, values)
    } catch (error) {
      throw error instanceof TypeError ? error : new type(error.message)
    }
  })
}
replace(Snapshot, 'compile', compile => throwing(PolicyError)((policy, options) => compile(policy, options, randomBytes(16))))
replace(Snapshot, 'fromJsonLines', compile => throwing(PolicyError)((text, options) => {
  const whole = typeof text === 'string' || isUint8Array(text) || typeof text?.[Symbol.iterator] !== 'function'
  const pieces = (whole ? [text] : text)[Symbol.iterator]()
  const next = () => {
    const { done, value } = pieces.next()
    return done ? null : value ?? undefined
  }
  try {
    return compile(next, options, randomBytes(16))
  } finally {
    pieces.return?.()
  }
}))

// The members of a request are handed over one by one: a script reads them many times faster than a native function does.
const CREDENTIAL = new Set(['kind', 'id', 'scopes'])
const SENDER = new Set(['unquoted'])

/** Whether a value is an object that has no members but those of a request; that it is one is not said. */
function mayBeRequest (value) {
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) {
    // For many requests, this is quicker than asking a set.
    switch (name) {
      case 'now': case 'channel': case 'account': case 'role': case 'clientIp': case 'credential': case 'tls':
      case 'smtputf8': case 'envelopeSender': case 'header': case 'stage': break
      default: return false
    }
  }
  return true
}

/** Whether a value is an object that has no members but these. */
function has (members, value) {
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) if (!members.has(name)) return false
  return true
}

/** The elements that an array has now. A method of its own, which may leave some out, is not asked for them. */
function elements (array) {
  const all = []
  for (let place = 0, { length } = array; place < length; place++) all.push(array[place])
  return all
}

// What a script may change afterwards, or while further members are read, is copied: also what has no octets, since its buffer may
// grow. What is of a wrong type is left for the native function to refuse.
const copied = octets => isUint8Array(octets) ? new Uint8Array(octets.length > 0 ? octets : 0) : octets
const copiedTexts = texts => Array.isArray(texts) ? elements(texts).map(copied) : texts
const copiedHeader = header => Array.isArray(header) ? elements(header).map(copiedTexts) : copied(header)
const copiedSender = sender => !isUint8Array(sender) && has(SENDER, sender) ? { unquoted: copied(sender.unquoted) } : copied(sender)
const copiedInstant = now => isDate(now) ? new Date(now) : now

const { summary, whole } = Snapshot.prototype
for (const name of ['summary', 'whole']) delete Snapshot.prototype[name]
const [STAGES, VERDICTS, ACTIONS, CHANNELS, KINDS, TLS] = words()

// A decision of `evaluate` or `evaluateMany`: most callers ask for no more than a summary has. An object that owns native memory
// costs more than a decision, so one is made when more is asked for, by deciding the same request again with the same snapshot.
class Evaluated {
  #summary
  #owner
  #request
  #whole

  // A request is its members and belongs to a snapshot, or is a number among those that are kept together.
  constructor (owner, request, given) {
    this.#summary = given
    this.#owner = owner
    this.#request = request
  }

  static #decision (evaluated) {
    const request = evaluated.#request
    return evaluated.#whole ??= typeof request === 'number'
      ? evaluated.#owner.decision(request)
      : whole.apply(evaluated.#owner, request)
  }

  get stage () { return STAGES[this.#summary & 0xff] }
  get verdict () { return VERDICTS[this.#summary >> 8 & 0xff] }
  get action () { return ACTIONS[this.#summary >> 16 & 0xff] }
  get allowed () { return this.verdict === 'allow' }
  get provisional () { return this.#summary >> 24 === 1 }

  static {
    // In every other way it is the native decision.
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Decision.prototype))) {
      if (Object.hasOwn(this.prototype, name)) continue
      const descriptor = get === undefined
        ? { value (...values) { return value.apply(Evaluated.#decision(this), values) }, writable: true }
        : { get () { return get.call(Evaluated.#decision(this)) } }
      Object.defineProperty(this.prototype, name, { configurable: true, ...descriptor })
    }
    Object.defineProperty(this.prototype, 'constructor', { value: Decision, configurable: true, writable: true })
    Object.setPrototypeOf(this.prototype, Decision.prototype)
  }
}

/** Reads the members of a request in the order in which they are handed over; null where it is none. */
function members (request) {
  if (!mayBeRequest(request)) return null
  const now = copiedInstant(request.now)
  const { channel } = request
  const account = copied(request.account)
  const role = copied(request.role)
  const clientIp = copied(request.clientIp)
  const { credential } = request
  if (credential != null && !has(CREDENTIAL, credential)) return null
  const kind = credential?.kind
  const id = copied(credential?.id)
  const scopes = copiedTexts(credential?.scopes)
  const { tls, smtputf8 } = request
  const envelopeSender = copiedSender(request.envelopeSender)
  const header = copiedHeader(request.header)
  return [
    now, channel, account, role, clientIp, credential == null ? null : true, kind, id, scopes, tls, smtputf8, envelopeSender,
    header, request.stage
  ]
}

replace(Snapshot.prototype, 'evaluate', evaluate => function (request) {
  const given = members(request)
  // What is no request is refused by the native function, which says why.
  return given === null ? evaluate.call(this, request) : new Evaluated(this, given, summary.apply(this, given))
})

// As many requests are decided together, and kept together as long as one of their decisions is.
const AT_ONCE = atOnce()

// Words are handed over as their places, from 1 on.
const placed = words => new Map(words.map((word, place) => [word, place + 1]))
const [STAGE, CHANNEL, KIND, STATE] = [STAGES, CHANNELS, KINDS, TLS].map(placed)

// In place of a number that is not known, and of one that another reader has to look for.
const UNKNOWN = -1
const OTHER = -2

/** The place of a word. */
function placeOf (places, word) {
  return word == null ? UNKNOWN : places.get(word) ?? OTHER
}

/** The length of a text. */
function lengthOf (text) {
  if (text == null) return UNKNOWN
  return typeof text === 'string' && text.length <= LONG ? text.length : OTHER
}

// Longer texts are not joined: there is a longest string, beyond which that throws.
const LONG = 2 ** 24

// So many numbers has a request without its fields, and so many a field.
const FACTS = 12
const FIELD = 2

/**
 * Requests whose facts are numbers and strings, put together: all their numbers, and all their texts in one string.
 *
 * `joined.rs` reads them, and says what stands where. First of all numbers stand, for each request and for the end of all, where its
 * numbers and where its texts begin.
 */
class Joined {
  #snapshot
  #numbers
  #texts

  constructor (snapshot, numbers, texts) {
    this.#snapshot = snapshot
    this.#numbers = numbers
    this.#texts = texts
  }

  /** The decision of the request with this number. */
  decision (number) {
    const [start, text, end, textEnd] = this.#numbers.subarray(2 * number, 2 * number + 4)
    return decisionOfJoined(this.#snapshot, this.#numbers.subarray(start, end), this.#texts.slice(text, textEnd))
  }
}

/** Requests of another form, as the native function keeps them. */
class Others {
  #decided

  constructor (decided) {
    this.#decided = decided
  }

  /** The decision of the request with this number. */
  decision (number) {
    return decisionOf(this.#decided, number)
  }
}

/** Puts requests together and has them decided, some at a time. */
class Joiner {
  #snapshot
  // Room for what most need.
  #numbers = new Float64Array(2048)
  #summaries = new Uint32Array(AT_ONCE)

  constructor (snapshot) {
    this.#snapshot = snapshot
  }

  /** Decides the requests from `start` on, and returns them with what most callers ask of each decision. */
  decide (requests, start, end) {
    const count = end - start
    const joined = this.#join(requests, start, count)
    if (joined !== null) {
      const decided = decideJoined(this.#snapshot, count, this.#numbers.subarray(2 * count + 2, joined.end), joined.texts, this.#summaries)
      if (decided !== null) {
        const kept = new Joined(this.#snapshot, this.#numbers.slice(0, joined.end), joined.texts)
        return { kept, summaries: counted(count, decided, this.#summaries) }
      }
    }
    // What is written otherwise, or to be refused, is read by the native function.
    const decided = decideOthers(this.#snapshot, requests.slice(start, end))
    const summaries = summariesOf(decided)
    return { kept: new Others(decided), summaries: counted(count, summaries.length, summaries) }
  }

  /** Puts so many requests together; null where one of them has other facts, or is to be refused. */
  #join (requests, start, count) {
    let numbers = this.#numbers
    let at = 2 * count + 2
    let texts = ''
    for (let number = 0; number < count; number++) {
      const request = requests[start + number]
      if (!mayBeRequest(request)) return null
      const { now, channel, account, role, clientIp, credential, tls, smtputf8, envelopeSender, header, stage } = request
      if (credential != null && (!has(CREDENTIAL, credential) || credential.scopes != null)) return null
      const kind = credential?.kind
      const id = credential?.id
      if (credential != null && kind == null) return null
      if (typeof now !== 'number' || channel == null || (smtputf8 != null && typeof smtputf8 !== 'boolean')) return null
      if (header != null && !Array.isArray(header)) return null
      const fields = header == null ? UNKNOWN : header.length
      const channelPlace = placeOf(CHANNEL, channel)
      const accountLength = lengthOf(account)
      const roleLength = lengthOf(role)
      const ipLength = lengthOf(clientIp)
      const kindPlace = placeOf(KIND, kind)
      const idLength = lengthOf(id)
      const tlsPlace = placeOf(STATE, tls)
      const senderLength = lengthOf(envelopeSender)
      const stagePlace = placeOf(STAGE, stage)
      const lengths = Math.min(accountLength, roleLength, ipLength, idLength, senderLength)
      if (lengths === OTHER || Math.min(channelPlace, kindPlace, tlsPlace, stagePlace) === OTHER) return null
      if (at + FACTS > numbers.length) numbers = this.#grow()
      numbers[2 * number] = at
      numbers[2 * number + 1] = texts.length
      numbers[at] = now
      numbers[at + 1] = channelPlace
      numbers[at + 2] = accountLength
      numbers[at + 3] = roleLength
      numbers[at + 4] = ipLength
      numbers[at + 5] = kindPlace
      numbers[at + 6] = idLength
      numbers[at + 7] = tlsPlace
      numbers[at + 8] = smtputf8 ? 1 : 0
      numbers[at + 9] = senderLength
      numbers[at + 10] = stagePlace
      numbers[at + 11] = fields
      at += FACTS
      if (accountLength > 0) texts += account
      if (roleLength > 0) texts += role
      if (ipLength > 0) texts += clientIp
      if (idLength > 0) texts += id
      if (senderLength > 0) texts += envelopeSender
      for (let field = 0; field < fields; field++) {
        const pair = header[field]
        if (!Array.isArray(pair) || pair.length !== 2) return null
        const name = pair[0]
        const body = pair[1]
        const nameLength = lengthOf(name)
        const bodyLength = lengthOf(body)
        if (nameLength < 0 || bodyLength < 0) return null
        if (at + FIELD > numbers.length) numbers = this.#grow()
        numbers[at] = nameLength
        numbers[at + 1] = bodyLength
        at += FIELD
        texts += name
        texts += body
        if (texts.length > LONG) return null
      }
      if (texts.length > LONG) return null
    }
    numbers[2 * count] = at
    numbers[2 * count + 1] = texts.length
    return { end: at, texts }
  }

  /** Makes more room, since what is written behind the end of such an array is lost without an error. */
  #grow () {
    const more = new Float64Array(2 * this.#numbers.length)
    more.set(this.#numbers)
    this.#numbers = more
    return more
  }
}

/** The summaries, if so many requests were decided. */
function counted (count, decided, summaries) {
  if (decided !== count) throw new Error(`${decided} of ${count} requests were decided: report this to sendas`)
  return summaries
}

Snapshot.prototype.evaluateMany = function evaluateMany (requests) {
  // What is no array is refused by the native function, which says why.
  const given = Array.isArray(requests) ? elements(requests) : decideOthers(this, requests)
  const joiner = new Joiner(this)
  const decisions = []
  for (let start = 0; start < given.length; start += AT_ONCE) {
    const end = Math.min(start + AT_ONCE, given.length)
    const { kept, summaries } = joiner.decide(given, start, end)
    for (let number = 0; number < end - start; number++) decisions.push(new Evaluated(kept, number, summaries[number]))
  }
  return decisions
}
Object.defineProperty(Snapshot.prototype, 'evaluateMany', { enumerable: false })

// Commands, actors and records are objects here and JSON there.
replace(Directory.prototype, 'decide', decide => function (actor, command, order) {
  return JSON.parse(decide.call(this, JSON.stringify(actor), JSON.stringify(command), order))
})
for (const name of ['apply', 'problemsAfter']) {
  replace(Directory.prototype, name, method => function (record) {
    return method.call(this, JSON.stringify(record))
  })
}
replace(Directory.prototype, 'importPolicy', importPolicy => function (policy, order) {
  return importPolicy.call(this, policy, order).map(record => JSON.parse(record))
})
replace(Snapshot.prototype, 'follow', follow => throwing(PolicyError)(function (directory, record) {
  return follow.call(this, directory, JSON.stringify(record))
}))

// What is asked of observations is answered in JSON, with a random key where the caller gives none.
const asking = (places, given = values => values) => method => function (...values) {
  values.length = places
  const answer = method.call(this, ...given(values), randomBytes(16))
  if (Array.isArray(answer)) throw refusal(PolicyError, answer)
  return JSON.parse(answer)
}
for (const name of ['outlook', 'coverage', 'choose']) replace(Directory.prototype, name, asking(2))
replace(Policy.prototype, 'preflight', asking(3))
replace(Directory.prototype, 'preflight', asking(4, ([observations, actor, command, order]) =>
  [observations, JSON.stringify(actor), JSON.stringify(command), order]))
for (const name of ['consents', 'rechecksDue']) {
  replace(Directory.prototype, name, method => function (value) { return JSON.parse(method.call(this, value)) })
}
replace(Directory.prototype, 'desk', desk => function (tenant) {
  const answer = desk.call(this, tenant)
  return answer === null ? null : JSON.parse(answer)
})
replace(Observations.prototype, 'tallies', tallies => function () { return tallies.call(this).map(tally => JSON.parse(tally)) })
replace(PostfixLog.prototype, 'counts', counts => function () { return JSON.parse(counts.call(this)) })

Policy.fromPath = path => {
  const readers = { '.toml': Policy.fromToml, '.json': Policy.fromJson, '.jsonl': Policy.fromJsonLines }
  const suffix = extname(path instanceof URL ? fileURLToPath(path) : path)
  if (!Object.hasOwn(readers, suffix)) throw new TypeError(`\`path\` must end with one of ${Object.keys(readers).join(', ')}`)
  return readers[suffix](readFileSync(path))
}

// What `JSON.stringify` writes: `toJson` is the one form of it.
for (const type of [Decision, Explanation, RequestRecord]) {
  type.prototype.toJSON = function () { return JSON.parse(this.toJson()) }
}

// What `console.log` shows; without it, a native object seems empty.
for (const type of [Decision, Explanation, Reply, RequestRecord]) {
  type.prototype[Symbol.for('nodejs.util.inspect.custom')] = function (_depth, options, inspect) {
    return `${type.name} ${inspect(this.toJSON(), options)}`
  }
}

module.exports.ArrowError = ArrowError
module.exports.Decision = Decision
module.exports.Directory = Directory
module.exports.Explanation = Explanation
module.exports.NULL = '<>'
module.exports.Observations = Observations
module.exports.Policy = Policy
module.exports.PolicyError = PolicyError
module.exports.SnapshotError = SnapshotError
module.exports.PostfixLog = PostfixLog
module.exports.REASONS = Object.freeze(reasons().map(Object.freeze))
module.exports.RecordError = RecordError
module.exports.Reply = Reply
module.exports.RequestRecord = RequestRecord
module.exports.Session = Session
module.exports.Snapshot = Snapshot
module.exports.obligations = record => JSON.parse(obligations(JSON.stringify(record)))
module.exports.policySchema = policySchema
