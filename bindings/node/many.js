'use strict'

const { atOnce, decideJoined, decideOthers, decisionOf, decisionOfJoined, summariesOf } = require('./library.js')
const { CHANNELS, Evaluated, KINDS, STAGES, TLS } = require('./evaluated.js')
const { elements, mayBeCredential, mayBeRequest, members } = require('./members.js')

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

  constructor (snapshot) {
    this.#snapshot = snapshot
  }

  /** Decides the requests from `start` on, and appends their decisions. */
  decide (requests, start, end, decisions) {
    const count = end - start
    if (this.#join(requests, start, end)) {
      const texts = this.#texts
      const numbers = decideJoined(this.#snapshot, count, this.#numbers, this.#at, texts, this.#summaries)
      if (numbers !== null) {
        const kept = new Joined(this.#snapshot, numbers, texts)
        for (let number = 0; number < count; number++) decisions.push(new Evaluated(kept, this.#summaries[number], number))
        return
      }
    }
    // What is written otherwise, or to be refused, is read as `evaluate` reads it.
    const others = requests.slice(start, end)
    const decided = decideOthers(this.#snapshot, start, others, others.map(members))
    const summaries = summariesOf(decided)
    if (summaries.length !== count) throw new Error(`${summaries.length} of ${count} requests were decided: report this to sendas`)
    const kept = new Others(decided)
    for (let number = 0; number < count; number++) decisions.push(new Evaluated(kept, summaries[number], number))
  }

  /** Puts these requests together; false where one of them has other facts, or is to be refused. */
  #join (requests, start, end) {
    this.#at = 0
    this.#texts = ''
    for (let place = start; place < end; place++) {
      if (!this.#add(requests[place])) return false
    }
    return true
  }

  #add (request) {
    if (!mayBeRequest(request)) return false
    const { now, channel, account, role, clientIp, credential, tls, smtputf8, envelopeSender, header, stage } = request
    let kind, id
    if (credential != null) {
      if (!mayBeCredential(credential) || credential.scopes != null) return false
      kind = credential.kind
      id = credential.id
      if (kind == null) return false
    }
    if (typeof now !== 'number' || channel == null || (smtputf8 != null && typeof smtputf8 !== 'boolean')) return false
    const stagePlace = STAGE.placeOf(stage)
    const channelPlace = CHANNEL.placeOf(channel)
    const kindPlace = KIND.placeOf(kind)
    const tlsPlace = STATE.placeOf(tls)
    const accountLength = lengthOf(account)
    const roleLength = lengthOf(role)
    const ipLength = lengthOf(clientIp)
    const idLength = lengthOf(id)
    const senderLength = lengthOf(envelopeSender)
    if (stagePlace === OTHER || channelPlace === OTHER || kindPlace === OTHER || tlsPlace === OTHER) return false
    if (accountLength === OTHER || roleLength === OTHER || ipLength === OTHER || idLength === OTHER || senderLength === OTHER) return false
    const at = this.#room(FACTS)
    const numbers = this.#numbers
    this.#instants[at >> 1] = now
    numbers[at + 2] = stagePlace | channelPlace << 8 | kindPlace << 16 | tlsPlace << 24
    numbers[at + 3] = smtputf8 ? 1 : 0
    numbers[at + 4] = accountLength
    numbers[at + 5] = roleLength
    numbers[at + 6] = ipLength
    numbers[at + 7] = idLength
    numbers[at + 8] = senderLength
    let texts = this.#texts
    if (accountLength > 0) texts += account
    if (roleLength > 0) texts += role
    if (ipLength > 0) texts += clientIp
    if (idLength > 0) texts += id
    if (senderLength > 0) texts += envelopeSender
    this.#texts = texts
    const fields = header == null ? UNKNOWN : this.#addFields(header)
    // While fields are read, all numbers may have moved.
    this.#numbers[at + 9] = fields
    return fields !== OTHER && this.#texts.length <= LONG
  }

  /** Puts the fields of a header together, and returns how many there are. */
  #addFields (header) {
    if (!Array.isArray(header)) return OTHER
    let fields = 0
    // As in a single call, those are read that the header has now.
    for (const { length } = header; fields < length; fields++) {
      const pair = header[fields]
      if (!Array.isArray(pair) || pair.length !== 2) return OTHER
      const name = pair[0]
      const body = pair[1]
      const nameLength = lengthOf(name)
      const bodyLength = lengthOf(body)
      if (nameLength < 0 || bodyLength < 0) return OTHER
      const at = this.#room(FIELD)
      this.#numbers[at] = nameLength
      this.#numbers[at + 1] = bodyLength
      this.#texts += name
      this.#texts += body
      if (this.#texts.length > LONG) return OTHER
    }
    return fields
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
