'use strict'

// The vectors that every language runs, and their requests as JavaScript has them.

const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

const { NULL, Policy, Snapshot } = require('..')

const FOLDER = join(__dirname, '../../../tests/vectors')

/** Returns every vector with its snapshot, which is null where there is none. */
exports.load = () => {
  const loaded = []
  for (const name of readdirSync(FOLDER).filter(name => name.endsWith('.json')).sort()) {
    const { policies = {}, vectors } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    const compiled = new Map(Object.entries(policies).map(([name, policy]) => [name, compile(policy)]))
    for (const vector of vectors) {
      const { policy } = vector
      loaded.push([vector, compiled.get(policy) ?? (policy === null ? null : compile(policy))])
    }
  }
  return loaded
}

/** Returns what is known of a vector's client. */
exports.client = client

/** Returns the request of a vector. */
exports.request = ({ stage, request }) => ({ ...client(request), ...message(request), stage })

function compile (policy) {
  return Snapshot.compile(Policy.fromJson(JSON.stringify(policy)))
}

function client ({ now, channel, account, role, client_ip: clientIp, credential, tls }) {
  return {
    now: new Date(now),
    channel,
    account: text(account),
    role: text(role),
    clientIp: text(clientIp),
    credential: credential && { kind: credential.kind, id: text(credential.id), scopes: credential.scopes?.map(text) },
    tls
  }
}

function message ({ smtputf8, envelope, header }) {
  const block = header && (header.fields?.map(field => field.map(text)) ?? text(header.block))
  return { smtputf8, envelopeSender: envelope && sender(envelope), header: block }
}

function sender (envelope) {
  if (envelope.null) return NULL
  return envelope.unquoted === undefined ? text(envelope.path) : { unquoted: text(envelope.unquoted) }
}

/** Strings stay strings, so that both forms of text are tried. */
function text (value) {
  if (value === undefined || typeof value === 'string') return value
  if (value.hex !== undefined) return Buffer.from(value.hex, 'hex')
  return value.parts.map(part => typeof part === 'string' ? part : part.repeat.repeat(part.times)).join('')
}
