//! Compiled policies that answer requests.

use std::fs::File;
use std::rc::Rc;
use std::{io, result};

use memmap2::Mmap;
use napi::bindgen_prelude::{ClassInstance, Either, Result, Uint8Array, Uint8ArraySlice, Unknown};
use napi::{Env, Error, ValueType};
use napi_derive::napi;
use sendas::record::RequestRecord;
use sendas::{CompileError, HashKey, Limits, Options, Stage};
use sendas_many::Summary;

use crate::administration::{Directory, read_record};
use crate::decision::Decision;
use crate::explain::Explanation;
use crate::given::Given;
use crate::lines::threads;
use crate::policy::{Policy, Refusal, not_compiled, not_opened};
use crate::request::{Members, REQUEST, read_client, read_staged};
use crate::session::Session;

/// A compiled policy that answers requests: immutable, and cheap to hold.
///
/// It belongs to the thread that made it, and cannot be posted to another one: a worker opens the sealed file, whose memory
/// all share, or compiles its own from the text of the policy. Equal policies have equal ids and give equal decisions.
#[napi]
pub struct Snapshot {
    pub(crate) snapshot: sendas::Snapshot,
}

#[napi]
impl Snapshot {
    /// Compiles a policy, on all cores; the thread that calls waits. Throws a `PolicyError` if it does not fit together.
    // `index.js` adds the octets that are the key where the caller gives none.
    #[napi(configurable = true, ts_args_type = "policy: Policy, options?: CompileOptions", ts_return_type = "Snapshot")]
    pub fn compile(
        env: Env,
        policy: Unknown<'_>,
        options: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<Self, Refusal>> {
        let policy: ClassInstance<'_, Policy> = Given::new(env, "policy", policy).instance("a Policy")?;
        let options = read_options(Given::new(env, "options", options), Given::new(env, "random", random))?;
        Ok(answer(sendas::Snapshot::compile_on(threads(), &policy.policy, &options)))
    }

    /// Identifies the content, by 32 lower-case hexadecimal digits: equal policies have equal ids.
    #[napi(getter)]
    #[must_use]
    pub fn id(&self) -> String {
        self.snapshot.id().to_string()
    }

    /// The number of octets that the compiled policy takes.
    #[napi(getter)]
    #[must_use]
    pub fn size(&self) -> i64 {
        i64::try_from(self.snapshot.size()).unwrap_or(i64::MAX)
    }

    /// Opens a sealed snapshot: its octets, which are copied, or the path of a file, which is mapped.
    ///
    /// It takes the same short time however large the file is, and workers and processes that open one file share its memory.
    /// Replace such a file by renaming another one over it: one that is written into changes under those that have it open. What is
    /// damaged makes the decisions that need it defer, as `snapshot_damaged`. Throws a `SnapshotError` if it is no snapshot, one
    /// for another version, or cut short, and as `node:fs` does if the file cannot be read.
    #[napi(configurable = true, ts_args_type = "sealed: Uint8Array | string | URL", ts_return_type = "Snapshot")]
    pub fn open(env: Env, sealed: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let sealed = Given::new(env, "sealed", sealed);
        let octets = sealed.octets()?.ok_or_else(|| sealed.refuse("a Uint8Array, or a path"))?;
        let opened = if sealed.is(ValueType::String)? {
            let mapped = map(&octets).map_err(|error| Error::from_reason(error.to_string()))?;
            sendas::Snapshot::open(mapped)
        } else {
            sendas::Snapshot::open(octets)
        };
        Ok(match opened {
            Ok(snapshot) => Either::A(Self { snapshot }),
            Err(error) => Either::B(not_opened(&error)),
        })
    }

    /// Returns the snapshot as octets that `open` takes; they hold the hash key and the limits.
    ///
    /// The same policy, key and limits give the same octets, whatever the order of the entries and the changes that led there.
    /// Throws a `SnapshotError` if the snapshot was opened and is damaged.
    #[napi(configurable = true, ts_return_type = "Uint8Array")]
    #[must_use]
    pub fn seal(&self) -> Either<Uint8Array, Refusal> {
        match self.snapshot.seal() {
            Ok(octets) => Either::A(octets.into()),
            Err(error) => Either::B(not_compiled(&error)),
        }
    }

    /// Checks all of an opened snapshot at once, which otherwise happens where something is first read; decisions then ask about no part any more.
    ///
    /// Throws a `SnapshotError` if it is damaged.
    #[napi(configurable = true)]
    pub fn verify(&self) -> Result<()> {
        self.snapshot.verify().map_err(|error| Error::from_reason(error.to_string()))
    }

    /// Returns what makes of this snapshot the newer one: the tenants that differ, and the provider's settings.
    ///
    /// Throws a `SnapshotError` if the two have different hash keys or limits, or one was opened and is damaged.
    #[napi(configurable = true, ts_args_type = "newer: Snapshot", ts_return_type = "Uint8Array")]
    pub fn delta(&self, env: Env, newer: Unknown<'_>) -> Result<Either<Uint8Array, Refusal>> {
        let newer: ClassInstance<'_, Self> = Given::new(env, "newer", newer).instance("a Snapshot")?;
        Ok(match self.snapshot.delta(&newer.snapshot) {
            Ok(delta) => Either::A(delta.into()),
            Err(error) => Either::B(not_opened(&error)),
        })
    }

    /// Returns the snapshot that a delta leads to from this one; it seals to the octets that the newer one seals to.
    ///
    /// Throws a `SnapshotError` if the delta is none, was made for another snapshot, or is damaged.
    #[napi(configurable = true, ts_args_type = "delta: Uint8Array", ts_return_type = "Snapshot")]
    pub fn apply_delta(&self, env: Env, delta: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let delta = Given::new(env, "delta", delta);
        Ok(match delta.lend(|delta| self.snapshot.apply_delta(delta))? {
            Ok(snapshot) => Either::A(Self { snapshot }),
            Err(error) => Either::B(not_opened(&error)),
        })
    }

    /// Returns the same snapshot without a trace of the changes that led to it. This one stays as it is.
    ///
    /// A host does so now and then: until it does, the memory of what was replaced is kept. Throws a `SnapshotError` if the snapshot was
    /// opened and is damaged.
    #[napi(configurable = true, ts_return_type = "Snapshot")]
    #[must_use]
    pub fn compact(&self) -> Either<Snapshot, Refusal> {
        answer(self.snapshot.compact())
    }

    /// Returns the ids of all tenants, sorted. Throws a `SnapshotError` if the snapshot was opened and is damaged.
    #[napi(configurable = true)]
    pub fn tenants(&self) -> Result<Vec<String>> {
        let tenants = self.snapshot.tenants().map(|id| id.map(str::to_owned));
        tenants.collect::<result::Result<_, _>>().map_err(|error| Error::from_reason(error.to_string()))
    }

    /// Returns a snapshot in which this tenant is as the policy says, replaced or added. This one stays as it is.
    ///
    /// The policy may hold further tenants, such as those above this one; they are not looked at.
    /// Throws a `PolicyError` if the tenant does not fit to the others, and a `TypeError` if the policy has no such tenant.
    #[napi(ts_args_type = "id: string, policy: Policy", ts_return_type = "Snapshot")]
    pub fn replace_tenant(&self, env: Env, id: Unknown<'_>, policy: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let id = Given::new(env, "id", id);
        let octets = id.text()?;
        let policy: ClassInstance<'_, Policy> = Given::new(env, "policy", policy).instance("a Policy")?;
        let tenant = policy.policy.tenants.iter().find(|tenant| tenant.id.as_bytes() == octets);
        let tenant = tenant.ok_or_else(|| {
            let name = String::from_utf8_lossy(&octets);
            id.refuse(&format!("the id of a tenant of the policy, which has no `{name}`"))
        })?;
        Ok(answer(self.snapshot.replace_tenant(tenant)))
    }

    /// Returns the snapshot of a directory to which the record has just been applied. This one stays as it is.
    ///
    /// Only the tenant that the record is about is compiled again. Throws a `PolicyError` as `compile` does.
    #[napi(
        configurable = true,
        ts_args_type = "directory: Directory, record: AdministrationRecord",
        ts_return_type = "Snapshot"
    )]
    pub fn follow(&self, env: Env, directory: Unknown<'_>, record: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let directory: ClassInstance<'_, Directory> =
            Given::new(env, "directory", directory).instance("a Directory")?;
        Ok(answer(self.snapshot.follow(&directory.directory, &read_record(env, record)?)))
    }

    /// Returns a snapshot without this tenant, or an equal one when there is none. This one stays as it is.
    ///
    /// Throws a `PolicyError` if other tenants are below this one.
    #[napi(ts_args_type = "id: string", ts_return_type = "Snapshot")]
    pub fn remove_tenant(&self, env: Env, id: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let octets = Given::new(env, "id", id).text()?;
        let removed = match str::from_utf8(&octets) {
            Ok(id) => self.snapshot.remove_tenant(id),
            Err(_) => Ok(self.snapshot.clone()),
        };
        Ok(answer(removed))
    }
}

/// Adds methods that take a request as `members.js` lists it: an argument each, since a list in one would cost a call for each to be read.
///
/// Documentation stands in `#[doc]`: of `///` in a macro, the types get the raw literal.
macro_rules! of_listed {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident(&$this:ident, $request:ident, $stage:ident) -> $answer:ty $body:block
    )+) => {
        #[expect(clippy::too_many_arguments, reason = "the members of a request come one by one")]
        #[napi]
        impl Snapshot {
            $(
                $(#[$attribute])*
                pub fn $name(
                    &self,
                    env: Env,
                    now: Unknown<'_>,
                    channel: Unknown<'_>,
                    account: Unknown<'_>,
                    role: Unknown<'_>,
                    client_ip: Unknown<'_>,
                    credential: Unknown<'_>,
                    kind: Unknown<'_>,
                    id: Unknown<'_>,
                    scopes: Unknown<'_>,
                    tls: Unknown<'_>,
                    smtputf8: Unknown<'_>,
                    envelope_sender: Unknown<'_>,
                    header: Unknown<'_>,
                    stage: Unknown<'_>,
                    odd: Unknown<'_>,
                ) -> Result<$answer> {
                    let values = [
                        now, channel, account, role, client_ip, credential, kind, id, scopes, tls, smtputf8, envelope_sender,
                        header, stage, odd,
                    ];
                    let ($request, $stage) = Members::listed(Given::new(env, "request", now), REQUEST, values)?.staged()?;
                    let $this = self;
                    Ok($body)
                }
            )+
        }
    };
}

of_listed! {
    #[doc = " Decides a request, as far as it is known at its stage. Nothing in its texts makes this throw."]
    // Of the decision only what most callers ask for is returned: it is made when more is asked for, by `whole`.
    #[napi(configurable = true, ts_args_type = "request: Request", ts_return_type = "Decision")]
    fn evaluate(&this, request, stage) -> u32 {
        let decision = request.with_request(|request| this.snapshot.evaluate_stage(request, stage));
        summary(Summary::from(&decision))
    }

    #[doc = " Makes the decision of a request that was decided before, which gives the same again."]
    #[napi(configurable = true, skip_typescript)]
    fn whole(&this, request, stage) -> Decision {
        this.decide(request, stage)
    }
}

#[napi]
impl Snapshot {
    /// Explains the decision of a request; the view says who will read it.
    #[napi(ts_args_type = "request: Request, view: View")]
    pub fn explain(&self, env: Env, request: Unknown<'_>, view: Unknown<'_>) -> Result<Explanation> {
        let view = Given::new(env, "view", view).word()?;
        let (request, stage) = read_staged(Given::new(env, "request", request))?;
        Ok(request.with_request(|request| self.snapshot.explain_stage(request, stage, view)).into())
    }

    /// Opens a session with what is known of a client after AUTH.
    #[napi(ts_args_type = "client: Client")]
    pub fn session(&self, env: Env, client: Unknown<'_>) -> Result<Session> {
        let client = read_client(Given::new(env, "client", client))?;
        Ok(Session::new(client.with_request(|client| self.snapshot.session(client))))
    }
}

impl Snapshot {
    fn decide(&self, request: RequestRecord, stage: Stage) -> Decision {
        let decision = request.with_request(|request| self.snapshot.evaluate_stage(request, stage));
        Decision::new(decision, Rc::new(request))
    }
}

/// Reads the lists of requests; errors count them from `start` on.
pub(crate) fn read_listed(env: Env, start: u32, lists: Unknown<'_>) -> Result<Vec<(RequestRecord, Stage)>> {
    let read = |list: Given<'_>, index| {
        let request = list.called("request").of_request(start.saturating_add(index));
        read_staged(request).map(Some)
    };
    Given::new(env, "requests", lists).elements("an array of requests", read)
}

/// Puts stage, verdict, action, and whether it is provisional, into one number: an octet each, the first the lowest.
///
/// `evaluated.js` reads the words off the lists that `words` gives it.
pub(crate) fn summary(Summary { stage, verdict, action, provisional }: Summary) -> u32 {
    u32::from_le_bytes([stage as u8, verdict as u8, action as u8, provisional.into()])
}

/// Maps a file into memory.
#[expect(unsafe_code, reason = "a file that is mapped can be changed from outside, which no type can forbid")]
fn map(path: &[u8]) -> io::Result<Mmap> {
    let path = str::from_utf8(path).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    let file = File::open(path)?;
    // SAFETY: the file is read only, and sealed files are replaced by renaming, never written into (SECURITY.md); what reads the
    // mapping checks every length, and takes no octet for anything but a number or text.
    unsafe { Mmap::map(&file) }
}

pub(crate) fn read_options(options: Given<'_>, random: Given<'_>) -> Result<Options> {
    options.optional(|options| options.only(&["hashKey", "limits"]))?;
    let key = options.optional(|options| options.member("hashKey")?.optional(read_key))?.flatten();
    let mut read = Options::new(key.map_or_else(|| read_key(random), Ok)?);
    let limits = |options: Given<'_>| options.member("limits")?.optional(|limits| read_limits(limits, read.limits));
    if let Some(limits) = options.optional(limits)?.flatten() {
        read.limits = limits;
    }
    Ok(read)
}

pub(crate) fn read_key(key: Given<'_>) -> Result<HashKey> {
    let octets: Uint8ArraySlice<'_> = key.instance(HASH_KEY)?;
    octets.as_ref().try_into().map(HashKey).map_err(|_| key.refuse(HASH_KEY))
}

/// Reads limits; those that are not given stay as they are.
fn read_limits(limits: Given<'_>, mut read: Limits) -> Result<Limits> {
    let members = [
        ("fieldOctets", &mut read.field_octets),
        ("headerOctets", &mut read.header_octets),
        ("mailboxes", &mut read.mailboxes),
        ("commentDepth", &mut read.comment_depth),
    ];
    limits.only(&members.each_ref().map(|&(name, _)| name))?;
    for (name, limit) in members {
        *limit = limits.member(name)?.optional(Given::count)?.unwrap_or(*limit);
    }
    Ok(read)
}

fn answer(compiled: result::Result<sendas::Snapshot, CompileError>) -> Either<Snapshot, Refusal> {
    match compiled {
        Ok(snapshot) => Either::A(Snapshot { snapshot }),
        Err(error) => Either::B(not_compiled(&error)),
    }
}

const HASH_KEY: &str = "a Uint8Array of 16 random octets";
