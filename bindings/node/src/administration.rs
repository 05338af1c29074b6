//! Administration: commands, actors and records as JSON, which `index.js` makes of objects.

use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Result, Unknown};
use napi_derive::napi;
use sendas::admin::{Actor, Command, Order, Record};

use crate::given::Given;
use crate::policy::Policy;

/// Everything that a log of records says: the policy, and what administration needs beside it.
///
/// Commands, actors and records are objects with the members of `docs/administration.md`.
#[napi]
pub struct Directory {
    pub(crate) directory: sendas::admin::Directory,
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

#[napi]
impl Directory {
    /// Creates a directory without tenants, which is what an empty log says.
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self { directory: sendas::admin::Directory::new() }
    }

    /// Folds a log of records, JSON Lines. Throws an `Error` with the first line that is no record or does not fit.
    #[napi(factory, ts_args_type = "text: Text")]
    pub fn from_log(env: Env, text: Unknown<'_>) -> Result<Self> {
        let octets = Given::new(env, "text", text).text()?;
        let directory = sendas::admin::Directory::from_log(octets).map_err(|error| refuse(&error))?;
        Ok(Self { directory })
    }

    /// Decides a command. Nothing is changed: the record in the outcome is to be written to the log, then applied.
    ///
    /// Throws an `Error` if the actor or the command cannot be read.
    #[napi(
        configurable = true,
        ts_args_type = "actor: Actor, command: Command, order: Order",
        ts_return_type = "Outcome | Refusal"
    )]
    pub fn decide(&self, env: Env, actor: Unknown<'_>, command: Unknown<'_>, order: Unknown<'_>) -> Result<String> {
        let actor = Given::new(env, "actor", actor).text()?;
        let command = Given::new(env, "command", command).text()?;
        let given = Given::new(env, "order", order);
        given.only(&["id", "now", "expected"])?;
        let id = String::from_utf8(given.member("id")?.text()?).map_err(|error| refuse(&error))?;
        let mut order = Order::new(id, given.member("now")?.instant()?);
        order.expected = given.member("expected")?.optional(Given::count)?.map(u64::from);
        let actor = Actor::from_json(actor).map_err(|error| refuse(&error))?;
        let command = Command::from_json(command).map_err(|error| refuse(&error))?;
        Ok(match self.directory.decide(&actor, &command, &order) {
            Ok(outcome) => outcome.to_json(),
            Err(refusal) => refusal.to_json(),
        })
    }

    /// Applies a record: all of it, or nothing. Throws an `Error` if it does not fit.
    #[napi(configurable = true, ts_args_type = "record: AdministrationRecord")]
    pub fn apply(&mut self, env: Env, record: Unknown<'_>) -> Result<()> {
        let record = read_record(env, record)?;
        self.directory.apply(&record).map_err(|unfit| refuse(&unfit))
    }

    /// Returns what would be wrong with the policy after a record, if nothing is wrong with it now.
    ///
    /// `apply` asks only whether the record fits. `decide` has asked this of its own records; a host that follows a log which
    /// others write may ask it of each record, and keep what it serves where the answer is not empty.
    #[napi(configurable = true, ts_args_type = "record: AdministrationRecord")]
    pub fn problems_after(&self, env: Env, record: Unknown<'_>) -> Result<Vec<String>> {
        let record = read_record(env, record)?;
        let problems = self.directory.problems_after(&record).map_err(|unfit| refuse(&unfit))?;
        Ok(problems.iter().map(ToString::to_string).collect())
    }

    /// Returns the records that take a policy over into an empty log.
    #[napi(
        configurable = true,
        ts_args_type = "policy: Policy, order: { name: string, now: Instant }",
        ts_return_type = "AdministrationRecord[]"
    )]
    pub fn import_policy(&self, env: Env, policy: Unknown<'_>, order: Unknown<'_>) -> Result<Vec<String>> {
        let policy: ClassInstance<'_, Policy> = Given::new(env, "policy", policy).instance("a Policy")?;
        let given = Given::new(env, "order", order);
        given.only(&["name", "now"])?;
        let name = String::from_utf8(given.member("name")?.text()?).map_err(|error| refuse(&error))?;
        let records = self.directory.import(&policy.policy, &name, given.member("now")?.instant()?);
        Ok(records.map_err(|refusal| refuse(&refusal))?.iter().map(Record::to_json).collect())
    }

    /// Returns the policy that decides.
    #[napi]
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy { policy: self.directory.policy() }
    }

    /// The sequence number of the last record; 0 before the first.
    #[napi(getter)]
    #[must_use]
    pub fn sequence(&self) -> i64 {
        i64::try_from(self.directory.sequence()).unwrap_or(i64::MAX)
    }
}

/// Returns what the host has to do after a record.
#[napi(ts_args_type = "record: AdministrationRecord", ts_return_type = "Obligation[]")]
pub fn obligations(env: Env, record: Unknown<'_>) -> Result<String> {
    Ok(read_record(env, record)?.obligations_to_json())
}

pub(crate) fn read_record(env: Env, record: Unknown<'_>) -> Result<Record> {
    Record::from_json(Given::new(env, "record", record).text()?).map_err(|error| refuse(&error))
}

pub(crate) fn refuse(error: &dyn std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}
