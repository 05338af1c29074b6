'use strict'

const { Decision, Snapshot, words } = require('./library.js')

const [STAGES, VERDICTS, ACTIONS, CHANNELS, KINDS, TLS] = words()

const { whole } = Snapshot.prototype
delete Snapshot.prototype.whole

/** A request of a single call: its members, and the snapshot that decided it. */
class Single {
  #snapshot
  #members

  constructor (snapshot, members) {
    this.#snapshot = snapshot
    this.#members = members
  }

  /** Its decision. */
  decision () {
    return whole.apply(this.#snapshot, this.#members)
  }
}

// The request's number among those that are kept together stands above what a summary has.
const NUMBER = 25

/**
 * A decision of `evaluate` or `evaluateMany`.
 *
 * Most callers ask for no more than a summary has. An object that owns native memory costs more than a decision, so one is made when
 * more is asked for, by deciding the same request again with the same snapshot.
 */
class Evaluated {
  #summary
  #kept
  #whole

  // What keeps the request makes the decision of the one with this number.
  constructor (kept, summary, number) {
    this.#kept = kept
    this.#summary = summary | number << NUMBER
  }

  static #decision (evaluated) {
    return evaluated.#whole ??= evaluated.#kept.decision(evaluated.#summary >>> NUMBER)
  }

  get stage () { return STAGES[this.#summary & 0xff] }
  get verdict () { return VERDICTS[this.#summary >> 8 & 0xff] }
  get action () { return ACTIONS[this.#summary >> 16 & 0xff] }
  get allowed () { return this.verdict === 'allow' }
  get provisional () { return (this.#summary >> 24 & 1) === 1 }

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

module.exports = { CHANNELS, Evaluated, KINDS, STAGES, Single, TLS }
