'use strict'

const { atOnce, decideJoined, decideOthers, decisionOf, decisionOfJoined, summariesOf } = require('./library.js')
const { CHANNELS, Evaluated, KINDS, STAGES, TLS } = require('./evaluated.js')
const { copied, copiedFields, listMembers, listed, readMembers } = require('./members.js')

// As many requests are decided together, and kept together as long as one of their decisions is.
const AT_ONCE = atOnce()

// In place of a number that is not known, and of one that another reader has to look for.
const UNKNOWN = -1
const OTHER = -2

/** Words, which are handed over as their places, from 1 on; 0 is none. */
class Words {
  #places
  // Most words are the same as the one before.
  #last = ''
  #lastPlace = OTHER

  constructor (words) {
    this.#places = new Map(words.map((word, place) => [word, place + 1]))
  }

  /** The place of a word. */
  placeOf (word) {
    if (word == null) return 0
    if (word === this.#last) return this.#lastPlace
    const place = this.#places.get(word) ?? OTHER
    if (place !== OTHER) {
      this.#last = word
      this.#lastPlace = place
    }
    return place
  }
}

const [STAGE, CHANNEL, KIND, STATE] = [STAGES, CHANNELS, KINDS, TLS].map(words => new Words(words))

/** The words of a request, an octet each in one number; below 0 where one, or another fact, is to be told otherwise. */
function wordsOf ({ now, channel, credential, kind, scopes, tls, smtputf8, stage, odd }) {
  if (odd !== undefined || typeof now !== 'number' || channel == null) return OTHER
  if (credential != null && (kind == null || scopes != null)) return OTHER
  if (smtputf8 != null && typeof smtputf8 !== 'boolean') return OTHER
  return STAGE.placeOf(stage) | CHANNEL.placeOf(channel) << 8 | KIND.placeOf(kind) << 16 | STATE.placeOf(tls) << 24
}

/** The length of a text. */
function lengthOf (text) {
  if (typeof text === 'string') return text.length <= LONG ? text.length : OTHER
  return text == null ? UNKNOWN : OTHER
}

/** The texts of these lengths that stand behind each other from `start` on. */
const cut = (texts, start, lengths) => Array.from(lengths, length => texts.slice(start, start += length))

// Longer texts are not joined: there is a longest string, beyond which that throws.
const LONG = 2 ** 24

// So many numbers has a request without its fields, and so many a field. Both are even, so that each instant, which takes
// the room of two, stands where it can be written.
const FACTS = 10
const FIELD = 2

const NO_FIELDS = []

/**
 * Requests whose facts are numbers and strings, put together: all their numbers as octets, and all their texts, in a
 * string each.
 *
 * `joined.rs` reads them, and says what stands where. Strings stand in the collector's heap; an array of numbers of this
 * size is outside of it, allocated and freed by itself.
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
    return decisionOfJoined(this.#snapshot, number, this.#numbers, this.#texts)
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
  // Room for what most need. Instants are written through the second of these, everything else through the first.
  #numbers = new Int32Array(2048)
  #instants = new Float64Array(this.#numbers.buffer)
  #summaries = new Uint32Array(AT_ONCE)
  #at = 0
  #texts = ''

  constructor (snapshot) {
    this.#snapshot = snapshot
  }

  /** Decides the requests from `start` on, and appends their decisions. */
  decide (requests, start, end, decisions) {
    this.#at = 0
    this.#texts = ''
    let place = start
    let other
    while (place < end && (other = this.#add(requests[place])) === undefined) place++
    if (place > start) this.#decideJoined(start, place - start, decisions)
    if (place === end) return
    // What is written otherwise, or to be refused, is left to the reader of `evaluate`; so is what comes behind it.
    const others = [other]
    for (let behind = place + 1; behind < end; behind++) others.push(listMembers(requests[behind]))
    this.#decideOthers(place, others, decisions)
  }

  #decideJoined (start, count, decisions) {
    const texts = this.#texts
    const numbers = decideJoined(this.#snapshot, start, count, this.#numbers, this.#at, texts, this.#summaries)
    const kept = new Joined(this.#snapshot, numbers, texts)
    const summaries = this.#summaries
    for (let number = 0; number < count; number++) decisions.push(new Evaluated(kept, summaries[number], number))
  }

  #decideOthers (start, others, decisions) {
    const decided = decideOthers(this.#snapshot, start, others)
    const summaries = summariesOf(decided)
    const { length } = others
    if (summaries.length !== length) throw new Error(`${summaries.length} of ${length} requests were decided: report this to sendas`)
    const kept = new Others(decided)
    for (let number = 0; number < length; number++) decisions.push(new Evaluated(kept, summaries[number], number))
  }

  /** Puts a request behind the others, or lists what was read of it where not all is numbers and strings. */
  #add (request) {
    const read = readMembers(request)
    const { now, account, role, clientIp, smtputf8, id, envelopeSender, header } = read
    const words = wordsOf(read)
    const accountLength = lengthOf(account)
    const roleLength = lengthOf(role)
    const ipLength = lengthOf(clientIp)
    const idLength = lengthOf(id)
    const senderLength = lengthOf(envelopeSender)
    const isPlain = words >= 0 && Math.min(accountLength, roleLength, ipLength, idLength, senderLength) > OTHER
    if (!isPlain || (header != null && !Array.isArray(header))) return listed(read)
    let texts = this.#texts
    if (accountLength > 0) texts += account
    if (roleLength > 0) texts += role
    if (ipLength > 0) texts += clientIp
    if (idLength > 0) texts += id
    if (senderLength > 0) texts += envelopeSender
    if (texts.length > LONG) return listed(read)
    const at = this.#at
    const start = texts.length
    let end = at + FACTS
    let numbers = this.#room(end)
    const fields = header ?? NO_FIELDS
    for (let place = 0, { length } = fields; place < length; place++) {
      const field = fields[place]
      if (!Array.isArray(field) || field.length !== 2) return listed(read, false)
      const name = copied(field[0])
      const body = copied(field[1])
      const nameLength = lengthOf(name)
      const bodyLength = lengthOf(body)
      if (nameLength < 0 || bodyLength < 0 || texts.length + nameLength + bodyLength > LONG) {
        const before = cut(texts, start, numbers.subarray(at + FACTS, end))
        return listed(read, copiedFields(fields, length, place + 1, [...before, name, body]))
      }
      numbers = this.#room(end + FIELD)
      numbers[end++] = nameLength
      numbers[end++] = bodyLength
      texts += name
      texts += body
    }
    this.#instants[at >> 1] = now
    numbers[at + 2] = words
    numbers[at + 3] = smtputf8 ? 1 : 0
    numbers[at + 4] = accountLength
    numbers[at + 5] = roleLength
    numbers[at + 6] = ipLength
    numbers[at + 7] = idLength
    numbers[at + 8] = senderLength
    numbers[at + 9] = header == null ? UNKNOWN : (end - at - FACTS) / FIELD
    this.#at = end
    this.#texts = texts
    return undefined
  }

  /** Returns the numbers with room for so many: what is written behind the end of such an array is lost without an error. */
  #room (count) {
    if (count > this.#numbers.length) {
      const more = new Int32Array(Math.max(count, 2 * this.#numbers.length))
      more.set(this.#numbers)
      this.#numbers = more
      this.#instants = new Float64Array(more.buffer)
    }
    return this.#numbers
  }
}

/** Decides requests with a snapshot. */
function decideMany (snapshot, requests) {
  // What is no array is refused by the native function, which says why.
  if (!Array.isArray(requests)) decideOthers(snapshot, 0, requests)
  const given = elements(requests)
  const joiner = new Joiner(snapshot)
  const decisions = []
  for (let start = 0; start < given.length; start += AT_ONCE) {
    joiner.decide(given, start, Math.min(start + AT_ONCE, given.length), decisions)
  }
  return decisions
}

/**
 * The requests that an array holds now, up to the first that is missing: that is refused, and as many as an array says may
 * be more than there is memory for. A method of its own, which may leave some out, is not asked for them.
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

module.exports = decideMany
