'use strict'

const { randomBytes } = require('node:crypto')
const { closeSync, openSync, readFileSync, readdirSync } = require('node:fs')
const { extname } = require('node:path')
const { fileURLToPath } = require('node:url')
const { isDate, isUint8Array } = require('node:util').types

const {
  Decision, Directory, Explanation, Observations, Policy, PostfixLog, Reply, RequestRecord, Session, Snapshot, obligations, policySchema,
  reasons, summaryWords
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
const REQUEST = new Set([
  'now', 'channel', 'account', 'role', 'clientIp', 'credential', 'tls', 'smtputf8', 'envelopeSender', 'header', 'stage'
])
const CREDENTIAL = new Set(['kind', 'id', 'scopes'])
const SENDER = new Set(['unquoted'])

/** Whether a value is an object that has no members but these. */
function has (members, value) {
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) if (!members.has(name)) return false
  return true
}

// What a script may change afterwards, or while further members are read, is copied. What is of a wrong type is left for the
// native function to refuse.
const copied = octets => isUint8Array(octets) && octets.length > 0 ? new Uint8Array(octets) : octets
const copiedTexts = texts => Array.isArray(texts) ? texts.map(copied) : texts
const copiedHeader = header => Array.isArray(header) ? header.map(copiedTexts) : copied(header)
const copiedSender = sender => has(SENDER, sender) ? { unquoted: copied(sender.unquoted) } : copied(sender)
const copiedInstant = now => isDate(now) ? new Date(now) : now

const { summaries, summary, whole } = Snapshot.prototype
delete Snapshot.prototype.summaries
delete Snapshot.prototype.summary
delete Snapshot.prototype.whole
const [STAGES, VERDICTS, ACTIONS] = summaryWords()

// A decision of `evaluate`: most callers ask for no more than a summary has. An object that owns native memory costs more than
// a decision, so one is made when more is asked for, by deciding the same request again with the same snapshot.
class Evaluated {
  #summary
  #snapshot
  #members
  #whole

  constructor (snapshot, members, given = summary.apply(snapshot, members)) {
    this.#summary = given
    this.#snapshot = snapshot
    this.#members = members
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
      const decision = evaluated => evaluated.#whole ??= whole.apply(evaluated.#snapshot, evaluated.#members)
      const descriptor = get === undefined
        ? { value (...values) { return value.apply(decision(this), values) }, writable: true }
        : { get () { return get.call(decision(this)) } }
      Object.defineProperty(this.prototype, name, { configurable: true, ...descriptor })
    }
    Object.defineProperty(this.prototype, 'constructor', { value: Decision, configurable: true, writable: true })
    Object.setPrototypeOf(this.prototype, Decision.prototype)
  }
}

/** Reads the members of a request in the order in which they are handed over; null where it is none. */
function members (request) {
  if (!has(REQUEST, request)) return null
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
  return given === null ? evaluate.call(this, request) : new Evaluated(this, given)
})

/** Puts requests together whose facts are numbers and strings: their numbers and lengths, and their strings; null where there are others. */
function joined (requests) {
  const numbers = []
  const texts = []
  const text = value => {
    if (typeof value === 'string') {
      numbers.push(value.length)
      texts.push(value)
      return true
    }
    numbers.push(-1)
    return value == null
  }
  for (const [now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage] of requests) {
    if (typeof now !== 'number' || scopes != null || (credential !== null && kind == null)) return null
    if ((smtputf8 != null && typeof smtputf8 !== 'boolean') || (header != null && !Array.isArray(header))) return null
    numbers.push(now)
    if (!(text(channel) && text(account) && text(role) && text(clientIp) && text(kind) && text(id) && text(tls))) return null
    numbers.push(smtputf8 ? 1 : 0)
    if (!(text(envelopeSender) && text(stage))) return null
    const fields = header == null ? -1 : header.length
    numbers.push(fields)
    for (let field = 0; field < fields; field++) {
      const pair = header[field]
      if (!Array.isArray(pair) || pair.length !== 2 || !(text(pair[0]) && text(pair[1]))) return null
    }
  }
  return [new Float64Array(numbers), texts.join('')]
}

// As many requests are put together at once: what that needs stays near.
const AT_ONCE = 256

replace(Snapshot.prototype, 'evaluateMany', evaluateMany => function (requests) {
  if (!Array.isArray(requests)) return evaluateMany.call(this, requests)
  const decisions = []
  for (let start = 0; start < requests.length; start += AT_ONCE) {
    const given = Array.from(requests.slice(start, start + AT_ONCE), members)
    const together = given.includes(null) ? null : joined(given)
    const answers = together === null ? null : summaries.apply(this, together)
    // What is written otherwise, or to be refused, is read by the native function.
    if (answers === null) return evaluateMany.call(this, requests)
    given.forEach((members, number) => decisions.push(new Evaluated(this, members, answers[number])))
  }
  return decisions
})

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
