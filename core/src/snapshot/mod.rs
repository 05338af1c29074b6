//! The snapshot: a compiled policy, immutable and cheap to clone.

pub(crate) mod approach;
mod blocks;
pub(crate) mod build;
mod change;
pub(crate) mod claims;
pub(crate) mod compare;
mod delta;
pub(crate) mod entry;
mod fit;
mod follow;
pub(crate) mod hash;
mod heads;
mod holdings;
pub(crate) mod image;
pub(crate) mod index;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod near;
mod overlay;
pub(crate) mod page;
pub(crate) mod root;
pub(crate) mod row;
pub(crate) mod rows;
pub(crate) mod target;
mod trie;
mod under;
mod walk;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::decision::SnapshotId;
use crate::options::Options;
use crate::policy::{Policy, PolicyProblem};

pub use self::build::{SnapshotBuilder, TenantCompiler, TenantPage};
pub use self::delta::DeltaError;
use self::hash::Hasher;
use self::image::Image;
pub use self::image::OpenError;
pub use self::layout::Damaged;
use self::overlay::Overlay;
use self::root::RootView;
use self::rows::ROOT_HEAD;

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
    image: Arc<Image>,
    changes: Changes,
    options: Options,
    /// The hash of its tables, under the key of the options.
    hasher: Hasher,
    /// The sum of the digests of the pages.
    sum: u128,
    id: SnapshotId,
}

/// What has changed since an image was built.
struct Changes {
    overlay: Option<Overlay>,
    /// The octets of the image and of the overlay's pages.
    size: usize,
}

impl Inner {
    #[inline]
    fn root(&self) -> RootView<'_> {
        let blocks = self.image.blocks.as_ref().filter(|blocks| !blocks.are_verified());
        RootView { bytes: self.image.bytes(), hasher: &self.hasher, changes: &self.changes, blocks }
    }
}

impl Snapshot {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// [`CompileError::Policy`] when [`Policy::check`] finds problems: all of them are named, and there is no snapshot.
    /// [`CompileError::TooLarge`] when a tenant does not fit into 4 GiB, or all of them into 16 GiB.
    pub fn compile(policy: &Policy, options: &Options) -> Result<Self, CompileError> {
        let mut builder = Self::builder(&policy.provider, options);
        policy.tenants.iter().for_each(|tenant| builder.tenant(tenant));
        builder.finish()
    }

    /// Opens what [`Snapshot::seal`] returned: a file in memory, or better one that is mapped into it.
    ///
    /// Only the head is read, so that it takes the same time however large the snapshot is. Every block of 64 KiB has a
    /// checksum, which is looked at when something of the block is first read: a damaged block makes those decisions that
    /// need it defer, by [`Reason::SnapshotDamaged`]. [`Snapshot::verify`] looks at all of them at once.
    ///
    /// The octets must stay as they are: replace a mapped file by renaming another one over it, never by writing into it.
    ///
    /// # Errors
    ///
    /// [`OpenError::NotSealed`] for anything else, [`OpenError::Version`] for another version of the format,
    /// [`OpenError::Lists`] for one that was sealed with another public suffix list or another Unicode,
    /// [`OpenError::Truncated`] and [`OpenError::TooLong`] for another length, [`OpenError::Damaged`] for a damaged head.
    ///
    /// ```
    /// use sendas::{HashKey, Options, Policy, Snapshot};
    ///
    /// let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey(*b"sixteen random!!")))?;
    /// let opened = Snapshot::open(snapshot.seal()?)?;
    /// assert_eq!(opened.id(), snapshot.id());
    /// opened.verify()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Reason::SnapshotDamaged`]: crate::Reason::SnapshotDamaged
    pub fn open(octets: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, OpenError> {
        Ok(Self::of(Image::open(Box::new(octets))?)?)
    }

    /// Returns the snapshot as octets that [`Snapshot::open`] takes. They hold the hash key and the limits.
    ///
    /// They depend on the policy and the options alone: neither the order of its entries nor the changes that led to it show.
    ///
    /// # Errors
    ///
    /// [`CompileError::Damaged`] when a block of the file that this one was opened from is damaged, and
    /// [`CompileError::TooLarge`] as [`Snapshot::compile`]; a snapshot that was compiled and not changed has neither.
    pub fn seal(&self) -> Result<Vec<u8>, CompileError> {
        Ok(self.sealed()?.parts().collect::<Vec<_>>().concat())
    }

    /// Returns what [`Snapshot::seal`] returns in parts, which are written one after the other: the octets are not copied, unless
    /// tenants were changed: then a new image is built first. An opened snapshot is read whole.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::seal`].
    pub fn sealed(&self) -> Result<Sealed, CompileError> {
        let snapshot = self.compact()?;
        snapshot.verify()?;
        let (head, sums) = snapshot.inner.image.checksums()?;
        Ok(Sealed { snapshot, head, sums })
    }

    /// Checks every block that has not been read yet. A snapshot that was not opened has none. Decisions then cost what they
    /// cost of a snapshot in memory: no block is asked for any more.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when a block does not have its checksum.
    pub fn verify(&self) -> Result<(), Damaged> {
        let image = &self.inner.image;
        image.blocks.as_ref().map_or(Ok(()), |blocks| blocks.verify(image.bytes()))
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

    /// Returns the number of tenants.
    #[must_use]
    pub fn tenant_count(&self) -> usize {
        let more = self.inner.changes.overlay.as_ref().map_or(0, |overlay| overlay.more);
        let built = self.inner.image.head().map_or(0, |head| i64::from(head.tenants()));
        usize::try_from(built + more).unwrap_or(0)
    }

    /// Returns the number of octets that the compiled policy takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.changes.size
    }

    /// Whether the other one is this very snapshot, not just one with the same content.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    #[inline]
    pub(crate) fn root(&self) -> RootView<'_> {
        self.inner.root()
    }

    /// A snapshot of an image without changes.
    fn of(image: Image) -> Result<Self, Damaged> {
        let (options, head) = (image.options()?, image.head()?);
        let (sum, id) = (head.sum(), SnapshotId(head.id()));
        let changes = Changes { overlay: None, size: image.content()?.len() };
        let (image, hasher) = (Arc::new(image), Hasher::new(&options.hash_key));
        Ok(Self { inner: Arc::new(Inner { image, changes, options, hasher, sum, id }) })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Snapshot").field("id", &self.inner.id).field("tenants", &self.tenant_count()).finish()
    }
}

/// A snapshot with its checksums, as a file has it: see [`Snapshot::sealed`].
#[derive(Clone, Debug)]
pub struct Sealed {
    snapshot: Snapshot,
    head: [u8; ROOT_HEAD],
    sums: Vec<u8>,
}

impl Sealed {
    /// Returns the parts that are the sealed snapshot, one behind the other.
    ///
    /// ```
    /// use sendas::{HashKey, Options, Policy, Snapshot};
    ///
    /// let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey(*b"sixteen random!!")))?;
    /// let sealed = snapshot.sealed()?;
    /// assert_eq!(sealed.parts().collect::<Vec<_>>().concat(), snapshot.seal()?);
    /// # Ok::<(), sendas::CompileError>(())
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let content = self.snapshot.inner.image.content().unwrap_or_default();
        [&self.head, content.get(ROOT_HEAD..).unwrap_or_default(), &self.sums].into_iter()
    }

    /// Returns the number of octets of all parts.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts().map(<[u8]>::len).sum()
    }
}

/// Why a policy was not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The policy has problems; all of them are named, a line each.
    #[error("{}", lines(.0))]
    Policy(Vec<PolicyProblem>),
    /// The tenant with this id does not fit into a page of 4 GiB or, where it is empty, all of them not into 16 GiB.
    #[error("{}", too_large(.0))]
    TooLarge(String),
    /// The tenant with this id was compiled under another hash key than that of the builder that its page was given to.
    #[error(
        "tenant `{0}` was compiled under another hash key than that of the snapshot; compile it by a clone of the builder's \
         compiler"
    )]
    OtherKey(String),
    /// A part of the sealed snapshot that this one goes back to is damaged.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

fn too_large(tenant: &str) -> String {
    if tenant.is_empty() {
        return String::from("the tenants do not fit into 16 GiB together; split them over several snapshots");
    }
    format!("tenant `{tenant}` does not fit into a page of 4 GiB; split it into subusers")
}

fn lines(problems: &[PolicyProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
