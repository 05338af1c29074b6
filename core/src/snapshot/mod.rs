//! The snapshot: a compiled policy, immutable and cheap to clone.

pub(crate) mod approach;
pub(crate) mod compare;
mod follow;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod page;
pub(crate) mod root;
pub(crate) mod row;
pub(crate) mod rows;
pub(crate) mod target;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::address::suffix;
use crate::compile::compile_tenant;
use crate::decision::SnapshotId;
use crate::options::Options;
use crate::policy::{Policy, PolicyProblem, Provider, Tenant};

use self::layout::{Bytes, Read, Writer};
use self::page::Page;
use self::root::{RootView, compile_root};

/// A compiled policy that answers requests. It is immutable, `Send + Sync`, and cheap to clone: a host
/// publishes a new one per change and takes one clone per transaction.
///
/// ```
/// use sendas::policy::{Account, Policy, Tenant};
/// use sendas::{Channel, EnvelopeSender, HashKey, Options, Request, Snapshot, Stage, Timestamp, Verdict};
///
/// let mut account = Account::new("alice");
/// account.address = Some(sendas::Address::parse("alice@example.org")?);
/// account.address_assigned = true;
/// let mut tenant = Tenant::new("acme");
/// tenant.accounts.push(account);
/// let mut policy = Policy::default();
/// policy.tenants.push(tenant);
/// let snapshot = Snapshot::compile(&policy, &Options::new(HashKey(*b"sixteen random!!")))?;
///
/// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
/// request.account = Some(b"alice");
/// request.envelope_sender = EnvelopeSender::Path(b"<alice@example.org>");
/// assert_eq!(snapshot.evaluate_stage(&request, Stage::Envelope).verdict(), Verdict::Allow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    source: Arc<Source>,
    root: Vec<u8>,
    pages: Vec<Page>,
    size: usize,
    id: SnapshotId,
}

/// What a later version is checked and compiled against.
struct Source {
    provider: Provider,
    tenants: BTreeMap<String, Arc<Tenant>>,
}

impl Snapshot {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// [`CompileError::Policy`] when [`Policy::check`] finds problems: all of them are named, and nothing is compiled.
    /// [`CompileError::TooLarge`] when a tenant does not fit into a page of 4 GiB.
    pub fn compile(policy: &Policy, options: &Options) -> Result<Self, CompileError> {
        let problems = policy.check();
        if !problems.is_empty() {
            return Err(CompileError::Policy(problems));
        }
        let tenants = policy.tenants.iter().map(|tenant| (tenant.id.clone(), Arc::new(tenant.clone()))).collect();
        Self::build(Source { provider: policy.provider.clone(), tenants }, *options, &BTreeMap::new())
    }

    /// Returns a snapshot in which the tenant with this id is replaced, or added when there is none. This one stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`]; problems are those of the whole policy with the tenant in it.
    pub fn replace_tenant(&self, tenant: &Tenant) -> Result<Self, CompileError> {
        let mut tenants = self.inner.source.tenants.clone();
        tenants.insert(tenant.id.clone(), Arc::new(tenant.clone()));
        self.rebuild(tenants, &tenant.id)
    }

    /// Returns a snapshot without the tenant of this id, or the same when there is none. This one stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`]: a tenant that others are subusers of cannot be removed.
    pub fn remove_tenant(&self, id: &str) -> Result<Self, CompileError> {
        let mut tenants = self.inner.source.tenants.clone();
        if tenants.remove(id).is_none() {
            return Ok(self.clone());
        }
        self.rebuild(tenants, id)
    }

    /// Identifies the content: equal policies have equal ids, whatever the order of their entries and the hash key.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.inner.id
    }

    /// Returns what the snapshot was compiled with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Returns the ids of all tenants, sorted.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.inner.source.tenants.keys().map(String::as_str)
    }

    /// Returns the number of octets that the compiled pages take.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// Whether the other one is this very snapshot, not just one with the same content.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn root(&self) -> RootView<'_> {
        let Inner { root, pages, options, size, .. } = &*self.inner;
        RootView { bytes: Bytes(root), pages, key: &options.hash_key, is_large: *size > CACHED }
    }

    fn rebuild(&self, tenants: BTreeMap<String, Arc<Tenant>>, changed: &str) -> Result<Self, CompileError> {
        let source = Source { provider: self.inner.source.provider.clone(), tenants };
        let problems = source.policy().check();
        if !problems.is_empty() {
            return Err(CompileError::Policy(problems));
        }
        let kept = self.inner.source.tenants.keys().map(String::as_str).zip(&self.inner.pages);
        let kept = kept.filter(|(id, _)| *id != changed).collect();
        Self::build(source, self.inner.options, &kept)
    }

    fn build(source: Source, options: Options, kept: &BTreeMap<&str, &Page>) -> Result<Self, CompileError> {
        let mut pages = Vec::with_capacity(source.tenants.len());
        for (id, tenant) in &source.tenants {
            pages.push(match kept.get(id.as_str()) {
                Some(page) => (*page).clone(),
                None => {
                    let bytes = compile_tenant(tenant, &options).map_err(|_| CompileError::TooLarge(id.clone()))?;
                    Page::new(bytes.into()).map_err(|_| CompileError::TooLarge(id.clone()))?
                }
            });
        }
        let root = compile_root(&source.provider, &mut pages, &options.hash_key)
            .map_err(|_| CompileError::TooLarge(String::new()))?;
        let id = identify(&source.provider, &pages).map_err(|_| CompileError::TooLarge(String::new()))?;
        let size = root.len() + pages.iter().map(Page::size).sum::<usize>();
        Ok(Self { inner: Arc::new(Inner { options, source: Arc::new(source), root, pages, size, id }) })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("id", &self.inner.id)
            .field("tenants", &self.inner.pages.len())
            .finish()
    }
}

impl Source {
    fn policy(&self) -> Policy {
        Policy {
            provider: self.provider.clone(),
            tenants: self.tenants.values().map(|tenant| (**tenant).clone()).collect(),
        }
    }
}

/// The octets of a snapshot that a processor can be expected to keep close, so that nothing of it need be asked for.
const CACHED: usize = 1 << 20;

/// Combines the digests of the pages, so that a change of one tenant rehashes nothing else.
fn identify(provider: &Provider, pages: &[Page]) -> Read<SnapshotId> {
    use core::hash::Hasher as _;

    use siphasher::sip128::{Hasher128 as _, SipHasher13};

    let mut sum = 0_u128;
    for page in pages {
        sum = sum.wrapping_add(page.view()?.head().digest());
    }
    let mut settings = Writer::default();
    settings.word(crate::compile::mode_kind(provider.hosted));
    settings.seconds(crate::compile::mode_from(provider.hosted));
    crate::compile::denies(&mut settings, &provider.denies);
    let mut hasher = SipHasher13::new();
    hasher.write(&sum.to_le_bytes());
    hasher.write(&settings.finish().unwrap_or_default());
    hasher.write(suffix::LIST_VERSION.as_bytes());
    hasher.write(crate::address::unicode_version().as_bytes());
    Ok(SnapshotId(hasher.finish128().as_u128()))
}

/// Why a policy was not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The policy has problems; all of them are named, a line each.
    #[error("{}", lines(.0))]
    Policy(Vec<PolicyProblem>),
    /// The tenant with this id (or, when empty, all tenants together) does not fit into 4 GiB of one page.
    #[error("tenant `{0}` does not fit into a page of 4 GiB; split it into subusers")]
    TooLarge(String),
}

fn lines(problems: &[PolicyProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("{}: {problem}", problem.path_text())).collect();
    lines.join("\n")
}
