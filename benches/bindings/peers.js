'use strict'

// The plain workload in Node: sendas beside what else could decide it, on the same data in the same run.
// The first argument is the folder of the package, the second one where the peers are installed.

const { readFileSync } = require('node:fs')
const { BlockList, isIPv4 } = require('node:net')
const { createRequire } = require('node:module')
const { join } = require('node:path')

const { plain } = require('./facts.js')

const [folder, installed, policyPath, requestsPath] = process.argv.slice(2)
const { Policy, RequestRecord, Snapshot } = require(join(folder, 'index.js'))
const peer = createRequire(join(installed, 'package.json'))
const addressparser = peer('nodemailer/lib/addressparser')
const casbin = peer('casbin')
const cedar = peer('@cedar-policy/cedar-wasm/nodejs')

const SECONDS = 3

// The calls until it is the next engine's turn.
const RUN = 50

/** Keeps of a tenant what is in force. */
function facts (given) {
  const verified = new Set(given.domain.filter(entry => entry.status === 'verified').map(entry => entry.name))
  const counts = ({ address, consent, status }) => consent === 'given' || (status === 'verified' && verified.has(domain(address)))
  const counting = (identities = []) => new Set(identities.filter(counts).map(({ address }) => address.toLowerCase()))
  const usable = given.domain.filter(entry => verified.has(entry.name) && (!given.approval_required || entry.approved))
  const cidrs = (given.allowlist ?? []).flatMap(list => list.entries).map(entry => entry.cidr.split('/'))
  const allowlist = cidrs.length > 0 ? new BlockList() : null
  for (const [address, length] of cidrs) allowlist.addSubnet(address, Number(length), isIPv4(address) ? 'ipv4' : 'ipv6')
  const tenant = {
    id: given.id,
    allowlist,
    refused: new Set((given.credential?.refuse ?? []).map(refused => refused.kind)),
    identities: counting(given.identity),
    domains: new Map(usable.map(entry => [entry.name, new Set(entry.senders)]))
  }
  tenant.accounts = given.account.map(({ id, suspended, identity }) =>
    ({ id, tenant, active: !suspended, identities: counting(identity) }))
  return tenant
}

const domain = address => address.slice(address.lastIndexOf('@') + 1)

/** Reads what a peer looks up, in lower case; null where an address is not there once. */
function read ({ envelopeSender, header }) {
  const fields = header.filter(([name]) => name.toLowerCase() === 'from')
  if (fields.length !== 1 || !envelopeSender.startsWith('<') || !envelopeSender.endsWith('>')) return null
  const mailboxes = addressparser(fields[0][1])
  if (mailboxes.length !== 1 || !mailboxes[0].address) return null
  return { envelope: envelopeSender.slice(1, -1).toLowerCase(), from: mailboxes[0].address.toLowerCase() }
}

/** The rules of a session in maps: returns who may send from this client with this credential. */
function sessions (tenants) {
  const accounts = new Map(tenants.flatMap(tenant => tenant.accounts.map(account => [account.id, account])))
  return ({ account: id, clientIp, credential }) => {
    const account = accounts.get(id)
    if (account === undefined || !account.active || account.tenant.refused.has(credential.kind)) return null
    const { allowlist } = account.tenant
    return allowlist === null || allowlist.check(clientIp, isIPv4(clientIp) ? 'ipv4' : 'ipv6') ? account : null
  }
}

/** The library. */
function ofSendas () {
  const snapshot = Snapshot.compile(Policy.fromPath(policyPath))
  return request => snapshot.evaluate(request).allowed
}

/** Maps, and nodemailer's address parser for the From field. */
function ofMaps (tenants) {
  const admits = sessions(tenants)
  return request => {
    const account = admits(request)
    const found = read(request)
    if (account === null || found === null) return false
    const { identities, domains } = account.tenant
    const gives = address => account.identities.has(address) || identities.has(address) || domains.get(domain(address))?.has(account.id) === true
    return gives(found.envelope) && gives(found.from)
  }
}

/** casbin with role links: an account inherits its tenant, and both their addresses; maps decide the session. */
async function ofCasbin (tenants) {
  const enforcer = await casbin.newEnforcer(casbin.newModelFromString(CASBIN))
  await enforcer.addPolicy('any', 'any', 'any')
  await enforcer.buildRoleLinks()
  const roles = enforcer.getRoleManager()
  for (const tenant of tenants) {
    for (const address of tenant.identities) await roles.addLink(tenant.id, address)
    for (const account of tenant.accounts) {
      await roles.addLink(account.id, tenant.id)
      for (const address of account.identities) await roles.addLink(account.id, address)
    }
    for (const [name, senders] of tenant.domains) for (const account of senders) await roles.addLink(account, name)
  }
  const admits = sessions(tenants)
  return request => {
    const found = read(request)
    if (found === null || admits(request) === null) return false
    return [found.envelope, found.from].every(address => enforcer.enforceSync(request.account, address, domain(address)))
  }
}

/** cedar-wasm with its policy read beforehand, given the entities of a request and asked about addresses; maps decide the session. */
function ofCedar (tenants) {
  const uid = (type, id) => ({ type, id })
  const holders = new Map()
  const hold = (address, holder) => holders.has(address) ? holders.get(address).push(holder) : holders.set(address, [holder])
  for (const tenant of tenants) {
    for (const address of tenant.identities) hold(address, uid('Tenant', tenant.id))
    for (const account of tenant.accounts) for (const address of account.identities) hold(address, uid('Account', account.id))
  }
  const parsed = cedar.preparsePolicySet('plain', { staticPolicies: CEDAR })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
  const admits = sessions(tenants)
  return request => {
    const account = admits(request)
    const found = read(request)
    if (account === null || found === null) return false
    const { tenant } = account
    const listed = [...tenant.domains].filter(([, senders]) => senders.has(account.id)).map(([name]) => uid('Domain', name))
    const principal = uid('Account', account.id)
    const addresses = [...new Set([found.envelope, found.from])]
    const entities = [
      { uid: uid('Tenant', tenant.id), attrs: {}, parents: [] },
      { uid: principal, attrs: { tenant: { __entity: uid('Tenant', tenant.id) } }, parents: listed },
      ...addresses.map(address => ({ uid: uid('Address', address), attrs: {}, parents: holders.get(address) ?? [] }))
    ]
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: uid('Action', 'send'),
      resource: uid('Address', found.envelope),
      context: {
        domain: { __entity: uid('Domain', domain(found.envelope)) },
        from: { __entity: uid('Address', found.from) },
        from_domain: { __entity: uid('Domain', domain(found.from)) }
      },
      preparsedPolicySetId: 'plain',
      validateRequest: false,
      entities
    })
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer))
    return answer.response.decision === 'allow'
  }
}

const CASBIN = `
[request_definition]
r = account, address, domain
[policy_definition]
p = account, address, domain
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.account, r.address) || g(r.account, r.domain)
`

const CEDAR = `
permit (principal, action == Action::"send", resource) when {
    (resource in principal || principal in context.domain || resource in principal.tenant) &&
    (context.from in principal || principal in context.from_domain || context.from in principal.tenant)
};
`

/** Nanoseconds that one call takes. */
function single (allows, request) {
  const started = process.hrtime.bigint()
  allows(request)
  return Number(process.hrtime.bigint() - started)
}

/** Fails unless all engines decide all requests alike, those of both verdicts. */
function hold (engines, requests) {
  const expected = requests.map(engines.sendas)
  const share = expected.filter(Boolean).length / expected.length
  if (!(share > 0.6 && share < 0.8)) throw new Error(`${share} of the requests are allowed`)
  for (const [name, allows] of Object.entries(engines)) {
    const other = requests.find((request, index) => allows(request) !== expected[index])
    if (other !== undefined) throw new Error(`${name} decides otherwise than sendas: ${JSON.stringify(other)}`)
  }
}

async function main () {
  const [, ...lines] = readFileSync(policyPath, 'utf8').trimEnd().split('\n')
  const tenants = lines.map(line => facts(JSON.parse(line)))
  const requests = readFileSync(requestsPath, 'utf8').trimEnd().split('\n').map(line => plain(RequestRecord.fromJson(line).request()))
  const engines = {
    sendas: ofSendas(),
    'Map + addressparser': ofMaps(tenants),
    casbin: await ofCasbin(tenants),
    'cedar-wasm': ofCedar(tenants)
  }
  hold(engines, requests)
  const sorted = samples => samples.sort((one, other) => one - other)
  const clock = sorted(Array.from({ length: 10_000 }, () => single(() => true, requests[0])))[5_000]
  const taken = Object.fromEntries(Object.keys(engines).map(name => [name, []]))
  const spent = Object.fromEntries(Object.keys(engines).map(name => [name, 0]))
  for (let start = 0; start < requests.length; start += RUN) {
    for (const [name, allows] of Object.entries(engines)) {
      if (spent[name] >= SECONDS * 1e9) continue
      for (const request of requests.slice(start, start + RUN)) {
        const nanoseconds = single(allows, request)
        taken[name].push(nanoseconds)
        spent[name] += nanoseconds
      }
    }
  }
  for (const [engine, samples] of Object.entries(taken)) {
    sorted(samples)
    const at = part => samples[Math.floor(samples.length * part)] - clock
    console.log(JSON.stringify({ language: 'node', engine, ns: at(0.5), p99_ns: at(0.99) }))
  }
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
