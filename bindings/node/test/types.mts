// Compiled, never run: what type-checks here is what users may write, and each expected error must be one.

import {
  ArrowError, Decision, Directory, Explanation, NULL, Observations, Policy, PolicyError, PostfixLog, REASONS, Reply, RequestRecord, Session,
  Snapshot
} from 'sendas'
import type { Action, ArrowOptions, Command, EnvelopeSender, Finding, Header, PostfixLine, Preflight, Reason, Request, Subject } from 'sendas'
import type { Tally, Turn, Verdict } from 'sendas'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B> (_proof: Equal<A, B>): void {}

const policy: Policy = Policy.fromPath(new URL('file:///policy.toml'))
const snapshot: Snapshot = Snapshot.compile(policy, { hashKey: new Uint8Array(16), limits: { mailboxes: 8 } })
const base = { now: new Date(0), channel: 'smtp' } as const satisfies Request
const decision: Decision = snapshot.evaluate({ ...base, envelopeSender: { unquoted: 'a@acme.example' } })

same<typeof decision.verdict, Verdict>(true)
same<Verdict, 'allow' | 'deny' | 'defer'>(true)
same<typeof decision.action, Action>(true)
same<typeof NULL, '<>'>(true)
same<Finding['reason'], Reason>(true)
same<Finding['place']['subject'], Subject>(true)
same<(typeof REASONS)[number]['reason'], Reason>(true)

const word: Reason = 'address_not_owned'
const senders: EnvelopeSender[] = [null, undefined, NULL, Buffer.from('a'), { unquoted: new Uint8Array(1) }]
const headers: Header[] = [undefined, null, 'From: a@acme.example\r\n', [['From', Buffer.from('a')], [Buffer.from('To'), 'b']]]
const many: Decision[] = snapshot.evaluateMany(senders.map(envelopeSender => ({ ...base, now: 1n, envelopeSender, header: headers[3] })))

/** A switch over verdicts needs no default. */
export function host ({ verdict }: Decision): string {
  switch (verdict) {
    case 'allow': return 'go on'
    case 'deny': return 'reject'
    case 'defer': return 'later'
  }
}

export function problems (error: unknown): Array<number | null> {
  return error instanceof PolicyError ? error.diagnostics.map(({ line }) => line) : []
}

const session = snapshot.session({ ...base, account: 'alice', credential: { kind: 'oauth', scopes: ['mail.send'] } })
const line: string = session.mailFrom(snapshot, { now: 0, envelopeSender: NULL }).reply('postfix').toString()
const status: number | undefined = session.message(headers[2]).problem()?.status
const steps: string[] = snapshot.explain(base, 'tenant').steps.map(step => step.text)

const again: Decision = snapshot.evaluate({ ...new RequestRecord(base).request(), stage: 'session' })
const written: string = JSON.stringify(again.toJSON().would_deny)

const asked: ArrowOptions = { keep: ['id'], columns: ['verdict', 'reason'] }
const columns: Buffer = snapshot.evaluateArrow(new Uint8Array(0), asked)
const refused: Error = new ArrowError('x')
// @ts-expect-error: no such column
snapshot.evaluateArrow(columns, { columns: ['verdicts'] })

const observations = new Observations(1000)
const read: RequestRecord | PostfixLine = new PostfixLog({ most: 10, offset: 0 }).push('x')
if (typeof read !== 'string') observations.observe(read.request())
const tally: Tally | undefined = observations.tallies()[0]
const foreseen: Preflight = new Directory().outlook(observations, { now: 0 })
const turns: Turn[] = foreseen.changes.map(change => change.turn)
const shares: number = new Directory().coverage(observations, { now: 0 }).total.from.authorised
const chosen: (Command | undefined)[] = new Directory().choose(observations, { least: 1, now: 0 }).map(choice => choice.command)
// @ts-expect-error: the instant must be said
new Directory().outlook(observations, {})
// @ts-expect-error: a request has no stage here
observations.observe({ now: 0, channel: 'smtp', stage: 'session' })

// @ts-expect-error: not a reason
const noReason: Reason = 'adress_not_owned'
// @ts-expect-error: not a channel
snapshot.evaluate({ now: 0, channel: 'imap' })
// @ts-expect-error: `now` has no default
snapshot.evaluate({ channel: 'smtp' })
// @ts-expect-error: not a member
snapshot.evaluate({ ...base, clientip: '192.0.2.1' })
// @ts-expect-error: called as in a request
session.mailFrom(snapshot, { now: 0, sender: NULL })
// @ts-expect-error: a field is a pair
snapshot.evaluate({ ...base, header: [['From']] })
// @ts-expect-error: not a profile
decision.reply('sendmail')
// @ts-expect-error: the view must be said
snapshot.explain(base)
// @ts-expect-error: a decision cannot be changed
decision.verdict = 'allow'
// @ts-expect-error: a decision is made by a snapshot, or without one
new Decision()
// @ts-expect-error: an explanation is made by a snapshot
new Explanation()
// @ts-expect-error: a policy is read
new Policy()
// @ts-expect-error: a reply is made by a decision
new Reply()
// @ts-expect-error: a session is opened by a snapshot
new Session()
// @ts-expect-error: a snapshot is compiled or opened
new Snapshot()
// @ts-expect-error: what has no constructor to call has no type of what that makes; the class is that type
type Constructed = InstanceType<typeof Snapshot>
same<(typeof Snapshot)['prototype'], Snapshot>(true)
same<InstanceType<typeof Observations>, Observations>(true)
// @ts-expect-error: what has no constructor to call cannot be extended
class Extended extends Snapshot {}
// @ts-expect-error: the table cannot be changed
REASONS[0].reason = 'unknown_role'
// @ts-expect-error: the first field is that of the policy's own text, or of none
const column: number = new PolicyError('', []).diagnostics[0].column

export { Extended, chosen, column, line, many, noReason, shares, status, steps, tally, turns, word, written }
export type { Constructed }
