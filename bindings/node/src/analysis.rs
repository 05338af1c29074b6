//! Observations and what comes of them: requests in, JSON out, which `index.js` makes objects of.

use std::cell::RefCell;

use napi::bindgen_prelude::{ClassInstance, Either, Result, Unknown};
use napi::{Env, Error};
use napi_derive::napi;
use sendas::admin::{Actor, Command, Order};
use sendas::analysis::{Preflight, PreflightError, Table, Tally};
use sendas::postfix_log::{Line, LogReader, Timestamps};
use sendas::{Address, CompileError, Limits, Options, Timestamp};

use crate::administration::{Directory, refuse};
use crate::given::Given;
use crate::policy::{Policy, Refusal, not_compiled};
use crate::record::RequestRecord;
use crate::request::read_request;
use crate::snapshot::read_key;

/// What was seen of accounts, as tallies, in bounded memory.
///
/// Nothing depends on the order of the requests, and observations of two logs that are merged are those of both together.
#[napi]
pub struct Observations {
    /// Arguments are read before it is borrowed: reading them may run scripts, and those may call it again.
    observations: RefCell<sendas::analysis::Observations>,
}

#[napi]
impl Observations {
    /// Creates observations of nothing, which keep at most this many tallies.
    #[napi(constructor, ts_args_type = "most: number")]
    pub fn new(env: Env, most: Unknown<'_>) -> Result<Self> {
        let most = usize::try_from(Given::new(env, "most", most).count()?).unwrap_or(usize::MAX);
        Ok(sendas::analysis::Observations::new(most).into())
    }

    /// Reads observations from JSON Lines. Throws an `Error` with a line for each problem.
    #[napi(factory, ts_args_type = "text: Text")]
    pub fn from_json_lines(env: Env, text: Unknown<'_>) -> Result<Self> {
        let octets = Given::new(env, "text", text).text()?;
        sendas::analysis::Observations::from_json_lines(octets).map(Self::from).map_err(|error| refuse(&error))
    }

    /// Writes the observations as JSON Lines that `fromJsonLines` reads back as equal ones.
    #[napi]
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        self.observations.borrow().to_json_lines()
    }

    /// Counts every fact of one request; what it lacks is counted as unknown.
    #[napi(ts_args_type = "request: Omit<Request, 'stage'>")]
    pub fn observe(&self, env: Env, request: Unknown<'_>) -> Result<()> {
        let record = read_request(Given::new(env, "request", request))?;
        record.with_request(|request| self.observations.borrow_mut().observe(request, &Limits::default()));
        Ok(())
    }

    /// Adds what other observations hold, as if their requests had been observed here; the smaller bound holds from then on.
    #[napi(ts_args_type = "other: Observations")]
    pub fn merge(&self, env: Env, other: Unknown<'_>) -> Result<()> {
        let other = seen(env, "other", other)?;
        self.observations.borrow_mut().merge(&other);
        Ok(())
    }

    /// As many tallies as are kept at most.
    #[napi(getter)]
    #[must_use]
    pub fn most(&self) -> i64 {
        i64::try_from(self.observations.borrow().most()).unwrap_or(i64::MAX)
    }

    /// How many requests were observed.
    #[napi(getter)]
    #[must_use]
    pub fn requests(&self) -> i64 {
        number(self.observations.borrow().requests())
    }

    /// How many of them name no account, or none that an account can be.
    #[napi(getter)]
    #[must_use]
    pub fn unattributed(&self) -> i64 {
        number(self.observations.borrow().unattributed())
    }

    /// How many facts were counted in each table, those included that were dropped.
    #[napi(getter)]
    #[must_use]
    pub fn counted(&self) -> TableCounts {
        let observations = self.observations.borrow();
        TableCounts::new(|table| observations.counted(table))
    }

    /// How many facts of each table are in no tally, since there was no room for it.
    #[napi(getter)]
    #[must_use]
    pub fn dropped(&self) -> TableCounts {
        let observations = self.observations.borrow();
        TableCounts::new(|table| observations.dropped(table))
    }

    /// Returns every tally that is kept, by account, table, channel and fact.
    #[napi(configurable = true, ts_return_type = "Tally[]")]
    #[must_use]
    pub fn tallies(&self) -> Vec<String> {
        self.observations.borrow().tallies().map(|tally: Tally| tally.to_json()).collect()
    }
}

impl From<sendas::analysis::Observations> for Observations {
    fn from(observations: sendas::analysis::Observations) -> Self {
        Self { observations: RefCell::new(observations) }
    }
}

/// A count for each table of tallies.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct TableCounts {
    /// Addresses in the envelope and the header.
    pub senders: i64,
    /// Network addresses that clients come from.
    pub clients: i64,
    /// Credentials with the role and the transport encryption.
    pub credentials: i64,
}

impl TableCounts {
    fn new(count: impl Fn(Table) -> u64) -> Self {
        let count = |table| number(count(table));
        Self { senders: count(Table::Senders), clients: count(Table::Clients), credentials: count(Table::Credentials) }
    }
}

/// Makes records of requests from the lines of a Postfix mail log, which are given in their order.
///
/// A log tells the account (`sasl_username`), the client's address and the envelope sender; what it does not hold is unknown.
#[napi]
pub struct PostfixLog {
    log: RefCell<LogReader>,
}

#[napi]
impl PostfixLog {
    /// Creates a reader that keeps at most `most` messages that were handed over and not queued yet.
    ///
    /// Timestamps without a year begin in `year`, and are `offset` seconds ahead of UTC.
    #[napi(constructor, ts_args_type = "options: { most: number, year?: number | null, offset: number }")]
    pub fn new(env: Env, options: Unknown<'_>) -> Result<Self> {
        let options = Given::new(env, "options", options);
        options.only(&["most", "year", "offset"])?;
        let most = usize::try_from(options.member("most")?.count()?).unwrap_or(usize::MAX);
        let year = options.member("year")?.optional(Given::integer)?;
        let offset = options.member("offset")?.integer()?;
        Ok(Self { log: RefCell::new(LogReader::new(Timestamps { year, offset }, most)) })
    }

    /// Takes the next line, with its line ending or without: the record of the message that it completes, or what it came to.
    #[napi(ts_args_type = "line: Text", ts_return_type = "RequestRecord | PostfixLine")]
    pub fn push(&self, env: Env, line: Unknown<'_>) -> Result<Either<RequestRecord, &'static str>> {
        let line = Given::new(env, "line", line).text()?;
        Ok(match self.log.borrow_mut().push(&line) {
            Line::Message(record) => Either::A(RequestRecord { record }),
            Line::Taken => Either::B("taken"),
            Line::Other => Either::B("other"),
            Line::NotUnderstood(fault) => Either::B(fault.name()),
        })
    }

    /// Returns what became of the lines so far; messages that are still to be queued count as not queued.
    #[napi(configurable = true, ts_return_type = "PostfixCounts")]
    #[must_use]
    pub fn counts(&self) -> String {
        self.log.borrow().counts().to_json()
    }
}

// `index.js` adds the octets that are the key where the caller gives none.
#[napi]
impl Directory {
    /// Says what a command would begin to deny, were it given now. Nothing is changed.
    ///
    /// A key that is not given is taken from the system's random source, as in `Snapshot.compile`.
    #[napi(
        configurable = true,
        ts_args_type = "observations: Observations, actor: Actor, command: Command, order: Order & Keyed",
        ts_return_type = "Preflight | Refusal"
    )]
    pub fn preflight(
        &self,
        env: Env,
        observations: Unknown<'_>,
        actor: Unknown<'_>,
        command: Unknown<'_>,
        order: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<String, Refusal>> {
        let seen = seen(env, "observations", observations)?;
        let actor = Given::new(env, "actor", actor).text()?;
        let command = Given::new(env, "command", command).text()?;
        let given = Given::new(env, "order", order);
        given.only(&["id", "now", "expected", "hashKey"])?;
        let id = String::from_utf8(given.member("id")?.text()?).map_err(|error| refuse(&error))?;
        let asked = Asked::read(given, env, random)?;
        let mut order = Order::new(id, asked.now);
        order.expected = given.member("expected")?.optional(Given::count)?.map(u64::from);
        let actor = Actor::from_json(actor).map_err(|error| refuse(&error))?;
        let command = Command::from_json(command).map_err(|error| refuse(&error))?;
        Ok(foreseen(self.directory.preflight(&seen, &actor, &command, &order, &asked.options)))
    }

    /// Says what begins to be denied at later instants if nothing is changed: by deadlines, and by what ends.
    #[napi(
        configurable = true,
        ts_args_type = "observations: Observations, at: { now: Instant } & Keyed",
        ts_return_type = "Preflight"
    )]
    pub fn outlook(
        &self,
        env: Env,
        observations: Unknown<'_>,
        at: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<String, Refusal>> {
        let (seen, asked) = (seen(env, "observations", observations)?, Asked::only(env, at, random)?);
        Ok(foreseen(self.directory.outlook(&seen, asked.now, &asked.options).map_err(Into::into)))
    }

    /// Says which accounts were seen, and how many of their messages sender authentication would permit today.
    #[napi(
        configurable = true,
        ts_args_type = "observations: Observations, at: { now: Instant } & Keyed",
        ts_return_type = "Coverage"
    )]
    pub fn coverage(
        &self,
        env: Env,
        observations: Unknown<'_>,
        at: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<String, Refusal>> {
        let (seen, asked) = (seen(env, "observations", observations)?, Asked::only(env, at, random)?);
        let coverage = self.directory.coverage(&seen, asked.now, &asked.options);
        Ok(answer(coverage.map(|coverage| coverage.to_json())))
    }

    /// Chooses the pairs of account and address that are not authorised today, and a command for each. Nothing is changed.
    ///
    /// Only pairs are chosen that were seen in at least `least` messages of one field.
    #[napi(
        configurable = true,
        ts_args_type = "observations: Observations, choice: { least: number, now: Instant } & Keyed",
        ts_return_type = "Choice[]"
    )]
    pub fn choose(
        &self,
        env: Env,
        observations: Unknown<'_>,
        choice: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<String, Refusal>> {
        let seen = seen(env, "observations", observations)?;
        let choice = Given::new(env, "choice", choice);
        choice.only(&["least", "now", "hashKey"])?;
        let least = choice.member("least")?.count()?.into();
        let asked = Asked::read(choice, env, random)?;
        let choices = self.directory.choose(&seen, least, asked.now, &asked.options);
        let list = |choices: Vec<sendas::analysis::Choice>| {
            let choices: Vec<String> = choices.iter().map(sendas::analysis::Choice::to_json).collect();
            format!("[{}]", choices.join(","))
        };
        Ok(answer(choices.map(list)))
    }

    /// Returns one tenant with what is pending in it, or null where there is no such tenant.
    #[napi(configurable = true, ts_args_type = "tenant: string", ts_return_type = "Desk | null")]
    pub fn desk(&self, env: Env, tenant: Unknown<'_>) -> Result<Option<String>> {
        let tenant = Given::new(env, "tenant", tenant).text()?;
        let desk = str::from_utf8(&tenant).ok().and_then(|tenant| self.directory.desk(tenant));
        Ok(desk.map(sendas::admin::Desk::to_json))
    }

    /// Returns who may use, or asked to use, an address with its mailbox owner's word, over all tenants.
    #[napi(
        configurable = true,
        ts_args_type = "address: string",
        ts_return_type = "{ pair: { account?: string, tenant?: string, address: string }, consent: 'pending' | 'given' | 'refused' | 'withdrawn' }[]"
    )]
    pub fn consents(&self, env: Env, address: Unknown<'_>) -> Result<String> {
        let text = Given::new(env, "address", address).text()?;
        let text = String::from_utf8(text).map_err(|error| refuse(&error))?;
        let address = Address::parse(&text).map_err(|error| Error::from_reason(format!("`address`: {error}")))?;
        Ok(self.directory.consents_to_json(&address))
    }

    /// Returns the domains whose TXT record is to be looked up again, and where.
    #[napi(
        configurable = true,
        ts_args_type = "now: Instant",
        ts_return_type = "{ tenant: string, domain: string, names: { expected: string, apex: string, doubled: string } }[]"
    )]
    pub fn rechecks_due(&self, env: Env, now: Unknown<'_>) -> Result<String> {
        Ok(self.directory.rechecks_due_to_json(Given::new(env, "now", now).instant()?))
    }
}

#[napi]
impl Policy {
    /// Says what another policy in its place would begin to deny: `Directory.preflight` without a command.
    #[napi(
        configurable = true,
        ts_args_type = "candidate: Policy, observations: Observations, at: { now: Instant } & Keyed",
        ts_return_type = "Preflight"
    )]
    pub fn preflight(
        &self,
        env: Env,
        candidate: Unknown<'_>,
        observations: Unknown<'_>,
        at: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<String, Refusal>> {
        let candidate: ClassInstance<'_, Self> = Given::new(env, "candidate", candidate).instance("a Policy")?;
        let (seen, asked) = (seen(env, "observations", observations)?, Asked::only(env, at, random)?);
        let preflight = self.policy.preflight(&candidate.policy, &seen, asked.now, &asked.options);
        Ok(foreseen(preflight.map_err(Into::into)))
    }
}

/// What everything that is asked of a policy and observations has in common.
struct Asked {
    now: Timestamp,
    options: Options,
}

impl Asked {
    /// Reads an object with nothing else in it.
    fn only(env: Env, at: Unknown<'_>, random: Unknown<'_>) -> Result<Self> {
        let at = Given::new(env, "at", at);
        at.only(&["now", "hashKey"])?;
        Self::read(at, env, random)
    }

    fn read(given: Given<'_>, env: Env, random: Unknown<'_>) -> Result<Self> {
        let now = given.member("now")?.instant()?;
        let key = given.member("hashKey")?.optional(read_key)?;
        let key = key.map_or_else(|| read_key(Given::new(env, "random", random)), Ok)?;
        Ok(Self { now, options: Options::new(key) })
    }
}

/// Reads an argument that is observations.
fn seen(env: Env, name: &'static str, given: Unknown<'_>) -> Result<sendas::analysis::Observations> {
    let given: ClassInstance<'_, Observations> = Given::new(env, name, given).instance("Observations")?;
    Ok(given.observations.borrow().clone())
}

fn foreseen(foreseen: std::result::Result<Preflight, PreflightError>) -> Either<String, Refusal> {
    match foreseen {
        Ok(foreseen) => Either::A(foreseen.to_json()),
        Err(PreflightError::Refused(refusal)) => Either::A(refusal.to_json()),
        Err(PreflightError::Compile(error)) => Either::B(not_compiled(&error)),
    }
}

fn answer(answer: std::result::Result<String, CompileError>) -> Either<String, Refusal> {
    match answer {
        Ok(json) => Either::A(json),
        Err(error) => Either::B(not_compiled(&error)),
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
