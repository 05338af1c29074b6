'use strict'

const { atOnce, decideJoined, decideOthers, decisionOf, decisionOfJoined, summariesOf } = require('./library.js')
const { CHANNELS, Evaluated, KINDS, STAGES, TLS } = require('./evaluated.js')
const {
  copied, copiedHeader, copiedInstant, copiedSender, copiedTexts, elements, elementsFrom, listed, mayBeCredential, mayBeRequest, members
} = require('./members.js')

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

/** The length of a text. */
function lengthOf (text) {
  if (typeof text === 'string') return text.length <= LONG ? text.length : OTHER
  return text == null ? UNKNOWN : OTHER
}

// Longer texts are not joined: there is a longest string, beyond which that throws.
const LONG = 2 ** 24

// So many numbers has a request without its fields, and so many a field. Both are even, so that each instant, which takes the room of
// two, stands where it can be written.
const FACTS = 10
const FIELD = 2

/**
 * Requests whose facts are numbers and strings, put together: all their numbers as octets, and all their texts, in a string each.
 *
 * `joined.rs` reads them, and says what stands where. Strings stand in the collector's heap; an array of numbers of this size is outside
 * of it, allocated and freed by itself.
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
  // One that was not put together.
  #header = null

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
    // What is written otherwise, or to be refused, is read as `evaluate` reads it; so is what comes behind it.
    const others = requests.slice(place, end)
    this.#decideOthers(place, others, others.map((request, number) => number === 0 ? other : members(request)), decisions)
  }

  #decideJoined (start, count, decisions) {
    const texts = this.#texts
    const numbers = decideJoined(this.#snapshot, start, count, this.#numbers, this.#at, texts, this.#summaries)
    const kept = new Joined(this.#snapshot, numbers, texts)
    const summaries = this.#summaries
    for (let number = 0; number < count; number++) decisions.push(new Evaluated(kept, summaries[number], number))
  }

  #decideOthers (start, others, listed, decisions) {
    const decided = decideOthers(this.#snapshot, start, others, listed)
    const summaries = summariesOf(decided)
    const { length } = others
    if (summaries.length !== length) throw new Error(`${summaries.length} of ${length} requests were decided: report this to sendas`)
    const kept = new Others(decided)
    for (let number = 0; number < length; number++) decisions.push(new Evaluated(kept, summaries[number], number))
  }

  /**
   * Puts a request behind the others. Returns nothing, or, where it has other facts or is to be refused, its members as `members` does.
   *
   * Either reads each member once, in the same order: what a function answers a second time may be something else.
   */
  #add (request) {
    if (!mayBeRequest(request)) return null
    const start = this.#at
    const before = this.#texts
    // Strings and numbers, which most are, are handed to no function.
    let { now } = request
    if (typeof now === 'object') now = copiedInstant(now)
    const { channel } = request
    let { account } = request
    if (typeof account === 'object') account = copied(account)
    let { role } = request
    if (typeof role === 'object') role = copied(role)
    let { clientIp } = request
    if (typeof clientIp === 'object') clientIp = copied(clientIp)
    const { credential } = request
    let kind, id, scopes
    if (credential != null) {
      if (!mayBeCredential(credential)) return null
      kind = credential.kind
      id = credential.id
      if (typeof id === 'object') id = copied(id)
      scopes = credential.scopes
      if (scopes != null) scopes = copiedTexts(scopes)
    }
    const { tls, smtputf8 } = request
    let { envelopeSender } = request
    if (typeof envelopeSender === 'object') envelopeSender = copiedSender(envelopeSender)
    const given = request.header
    const channelPlace = CHANNEL.placeOf(channel)
    const kindPlace = KIND.placeOf(kind)
    const tlsPlace = STATE.placeOf(tls)
    const accountLength = lengthOf(account)
    const roleLength = lengthOf(role)
    const ipLength = lengthOf(clientIp)
    const idLength = lengthOf(id)
    const senderLength = lengthOf(envelopeSender)
    const joins = typeof now === 'number' && channelPlace > 0 && kindPlace !== OTHER && tlsPlace !== OTHER &&
      accountLength !== OTHER && roleLength !== OTHER && ipLength !== OTHER && idLength !== OTHER && senderLength !== OTHER &&
      scopes == null && (credential == null || kindPlace !== 0) && (smtputf8 == null || typeof smtputf8 === 'boolean')
    let header, stage
    if (joins) {
      const at = this.#room(FACTS)
      let texts = before
      if (accountLength > 0) texts += account
      if (roleLength > 0) texts += role
      if (ipLength > 0) texts += clientIp
      if (idLength > 0) texts += id
      if (senderLength > 0) texts += envelopeSender
      this.#texts = texts
      const fields = given == null ? UNKNOWN : this.#addFields(given)
      stage = request.stage
      const stagePlace = STAGE.placeOf(stage)
      if (fields !== OTHER && stagePlace !== OTHER && this.#texts.length <= LONG) {
        // While fields were read, all numbers may have moved.
        const numbers = this.#numbers
        this.#instants[at >> 1] = now
        numbers[at + 2] = stagePlace | channelPlace << 8 | kindPlace << 16 | tlsPlace << 24
        numbers[at + 3] = smtputf8 ? 1 : 0
        numbers[at + 4] = accountLength
        numbers[at + 5] = roleLength
        numbers[at + 6] = ipLength
        numbers[at + 7] = idLength
        numbers[at + 8] = senderLength
        numbers[at + 9] = fields
        return undefined
      }
      header = fields === OTHER ? this.#header : fields === UNKNOWN ? given : this.#fields(at + FACTS, texts.length, fields)
    } else {
      header = copiedHeader(given)
      stage = request.stage
    }
    this.#at = start
    this.#texts = before
    this.#header = null
    return listed(now, channel, account, role, clientIp, credential, kind, id, scopes, tls, smtputf8, envelopeSender, header, stage)
  }

  /** Puts the fields of a header together, and returns how many there are; or leaves all of it as `copiedHeader` returns it. */
  #addFields (header) {
    if (!Array.isArray(header)) {
      this.#header = copied(header)
      return OTHER
    }
    const start = this.#at
    const before = this.#texts.length
    let fields = 0
    // As in a single call, those are read that the header has now.
    for (const { length } = header; fields < length; fields++) {
      const pair = header[fields]
      if (!Array.isArray(pair)) return this.#leave(header, length, start, before, fields, pair)
      const size = pair.length
      if (size !== 2) return this.#leave(header, length, start, before, fields, elementsFrom(pair, [], size, copied))
      let name = pair[0]
      if (typeof name === 'object') name = copied(name)
      let body = pair[1]
      if (typeof body === 'object') body = copied(body)
      const nameLength = lengthOf(name)
      const bodyLength = lengthOf(body)
      if (nameLength < 0 || bodyLength < 0 || this.#texts.length > LONG) return this.#leave(header, length, start, before, fields, [name, body])
      const at = this.#room(FIELD)
      this.#numbers[at] = nameLength
      this.#numbers[at + 1] = bodyLength
      this.#texts += name
      this.#texts += body
    }
    return fields
  }

  /** Leaves a header as `copiedHeader` returns it: the fields that were put together, the one behind them, and what is still to be read. */
  #leave (header, length, start, before, fields, pair) {
    const taken = [...this.#fields(start, before, fields), pair]
    this.#header = pair === undefined ? taken : elementsFrom(header, taken, length, copiedTexts)
    return OTHER
  }

  /** The fields that were put together, whose numbers and texts begin there. */
  #fields (at, start, count) {
    const take = length => this.#texts.slice(start, start += length)
    return Array.from({ length: count }, (_, field) => [take(this.#numbers[at + FIELD * field]), take(this.#numbers[at + FIELD * field + 1])])
  }

  /** Takes room for so many numbers, since what is written behind the end of such an array is lost without an error. */
  #room (count) {
    const at = this.#at
    this.#at = at + count
    if (this.#at > this.#numbers.length) this.#grow()
    return at
  }

  #grow () {
    const more = new Int32Array(2 * this.#numbers.length)
    more.set(this.#numbers)
    this.#numbers = more
    this.#instants = new Float64Array(more.buffer)
  }
}

/** Decides requests with a snapshot. */
function decideMany (snapshot, requests) {
  // What is no array is refused by the native function, which says why.
  const given = Array.isArray(requests) ? elements(requests) : decideOthers(snapshot, 0, requests, [])
  const joiner = new Joiner(snapshot)
  const decisions = []
  for (let start = 0; start < given.length; start += AT_ONCE) {
    joiner.decide(given, start, Math.min(start + AT_ONCE, given.length), decisions)
  }
  return decisions
}

module.exports = decideMany
