'use strict'

const { randomBytes } = require('node:crypto')
const { closeSync, openSync, readFileSync, readSync } = require('node:fs')
const { extname } = require('node:path')
const { fileURLToPath } = require('node:url')
const { isUint8Array } = require('node:util').types

const native = require('./library.js')
const { Decision, Explanation, Policy, Reply, Session, Snapshot, obligations, policySchema, reasons } = native
const { Evaluated, Single } = require('./evaluated.js')
const decideMany = require('./many.js')
const { CLIENT, RECORD, copiedHeader, listMembers } = require('./members.js')

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

/**
 * A class that is constructed with what is made of the values given, and not called: a native one takes a call without `new`
 * for a construction, and the global object for what it constructs.
 */
function constructed (type, made = values => values) {
  const { name } = type
  const guarded = new Proxy(type, {
    apply () { throw new TypeError(`\`${name}\` is a class: construct it with \`new\``) },
    construct: (type, values, called) => Reflect.construct(type, made(values), called)
  })
  guarded.prototype.constructor = guarded
  return guarded
}

const Directory = constructed(native.Directory)
const Observations = constructed(native.Observations)
const PostfixLog = constructed(native.PostfixLog)
const RequestRecord = constructed(native.RequestRecord, ([request]) => [listMembers(request, RECORD)])

for (const name of ['fromToml', 'fromJson', 'fromJsonLines']) replace(Policy, name, throwing(PolicyError))
for (const name of ['replaceTenant', 'removeTenant', 'seal', 'compact', 'delta', 'applyDelta']) replace(Snapshot.prototype, name, throwing(PolicyError))
replace(RequestRecord, 'fromJson', throwing(RecordError))

replace(Snapshot, 'open', open => throwing(SnapshotError)(sealed => {
  if (sealed instanceof URL) sealed = fileURLToPath(sealed)
  // A file that cannot be read is refused as everywhere in Node, and so is a directory, which can be opened.
  if (typeof sealed === 'string') {
    const file = openSync(sealed, 'r')
    try {
      readSync(file, new Uint8Array(1))
    } finally {
      closeSync(file)
    }
  }
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

// Requests are read here, and their members handed over in a list.
replace(Snapshot.prototype, 'evaluate', evaluate => function (request) {
  const listed = listMembers(request)
  return new Evaluated(new Single(this, listed), evaluate.apply(this, listed), 0)
})
replace(Snapshot.prototype, 'explain', explain => function (request, view) {
  return explain.call(this, listMembers(request), view)
})
replace(Snapshot.prototype, 'session', session => function (client) {
  return session.call(this, listMembers(client, CLIENT))
})
replace(Session.prototype, 'message', message => function (header) {
  return message.call(this, copiedHeader(header))
})
replace(Observations.prototype, 'observe', observe => function (request) {
  observe.call(this, listMembers(request, RECORD))
})

Snapshot.prototype.evaluateMany = function evaluateMany (requests) {
  return decideMany(this, requests)
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
  if (path instanceof URL) path = fileURLToPath(path)
  const suffix = extname(path)
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
