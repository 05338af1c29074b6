//! Snapshots of tenants that come one after the other, so that none of them has to stay.

use alloc::string::String;
use core::sync::atomic::{AtomicBool, Ordering};
use core::{fmt, mem};

use crate::options::Options;
use crate::policy::{Provider, Tenant, Whole};
use crate::snapshot::layout::Damaged;
use crate::snapshot::{CompileError, Snapshot};

use super::assembly::ImageBuilder;
use super::front::Front;
use super::join::{Both, InTurn};
use super::tenants::{CompiledTenants, TenantCompiler, TenantPage};

impl Snapshot {
    /// Begins a snapshot whose tenants come one after the other, in any order, and do not have to stay in memory.
    ///
    /// ```
    /// use sendas::policy::{Provider, Tenant};
    /// use sendas::{HashKey, Options, Policy, Snapshot};
    ///
    /// let options = Options::new(HashKey(*b"sixteen random!!"));
    /// let mut builder = Snapshot::builder(&Provider::default(), &options);
    /// for id in ["zebra", "acme"] {
    ///     builder.tenant(&Tenant::new(id));
    /// }
    /// let mut policy = Policy::default();
    /// policy.tenants.extend(["acme", "zebra"].map(Tenant::new));
    /// assert_eq!(builder.finish()?.seal()?, Snapshot::compile(&policy, &options)?.seal()?);
    /// # Ok::<(), sendas::CompileError>(())
    /// ```
    #[must_use]
    pub fn builder(provider: &Provider, options: &Options) -> SnapshotBuilder {
        SnapshotBuilder::new(provider, options, TenantCompiler::new(&options.hash_key))
    }
}

/// Builds a snapshot from one tenant after the other: see [`Snapshot::builder`].
///
/// A tenant is compiled at once and nothing of it is kept but its page, its ids and its own addresses. To use several threads,
/// compile there by clones of [`SnapshotBuilder::compiler`], and hand the pages over. Any order gives the same octets; problems
/// count tenants as they come. Nothing is reported before [`finish`](Self::finish).
pub struct SnapshotBuilder {
    whole: Whole,
    /// Gone once something is wrong: what still comes is only checked.
    image: Option<ImageBuilder>,
    compiler: TenantCompiler,
    /// What is wrong besides problems of the policy.
    failure: Option<CompileError>,
    /// Tenants that were compiled here, and were not added yet.
    open: CompiledTenants,
}

impl SnapshotBuilder {
    pub(crate) fn new(provider: &Provider, options: &Options, compiler: TenantCompiler) -> Self {
        let image = ImageBuilder::new(Front::new(provider, options));
        Self {
            whole: Whole::new(provider),
            image: Some(image),
            compiler,
            failure: None,
            open: CompiledTenants::default(),
        }
    }

    /// Returns what compiles tenants for this snapshot.
    #[must_use]
    pub fn compiler(&self) -> &TenantCompiler {
        &self.compiler
    }

    /// Compiles and adds the next tenant.
    pub fn tenant(&mut self, tenant: &Tenant) {
        self.compiler.add(tenant, &mut self.open);
        if self.open.pages.octets() >= TOGETHER {
            self.add_open();
        }
    }

    /// Adds the next tenant, which [`SnapshotBuilder::compiler`] compiled. Problems count it as the next one.
    pub fn page(&mut self, page: TenantPage) {
        let mut compiled = page.opened_by(&self.compiler);
        self.add(&mut compiled);
    }

    /// Adds the next tenants.
    pub(crate) fn add(&mut self, compiled: &mut CompiledTenants) {
        self.add_open();
        self.add_all(compiled);
    }

    fn add_open(&mut self) {
        let mut open = mem::take(&mut self.open);
        self.add_all(&mut open);
        // The memory serves again, unless a tenant needed far more of it than others do.
        if open.pages.capacity() <= 4 * TOGETHER {
            self.open = open;
        }
    }

    fn add_all(&mut self, compiled: &mut CompiledTenants) {
        if let Some(image) = self.image.as_mut().filter(|_| compiled.is_sound()) {
            if let Err(damaged) = image.pages(&mut compiled.pages) {
                compiled.fail(damaged.into());
            }
        }
        if !compiled.is_sound() {
            self.image = None;
        }
        self.failure = self.failure.take().or_else(|| compiled.failure.take());
        self.whole.add(&mut compiled.outlines, &mut compiled.hashes);
    }

    /// Returns the snapshot. It is that of [`Snapshot::compile`] with the same tenants, octet for octet.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`], with tenants counted as they came, and [`CompileError::OtherKey`] where a page was
    /// compiled for another snapshot, under another hash key.
    pub fn finish(self) -> Result<Snapshot, CompileError> {
        self.finish_by(&InTurn)
    }

    pub(crate) fn finish_by(mut self, both: &impl Both) -> Result<Snapshot, CompileError> {
        self.add_open();
        let Self { whole, image, failure, .. } = self;
        // What was needed to check the whole goes as soon as that is done.
        let mut whole = Some(whole);
        let refused = AtomicBool::new(failure.is_some());
        let problems = || {
            let problems = whole.take().map(Whole::problems).unwrap_or_default();
            refused.fetch_or(!problems.is_empty(), Ordering::Relaxed);
            problems
        };
        // Nobody waits for the image of what is known to be refused.
        let wanted = || !refused.load(Ordering::Relaxed);
        let (problems, image) = both.both(problems, || image.filter(|_| wanted()).map(|image| image.finish(both)));
        if !problems.is_empty() {
            return Err(CompileError::Policy(problems));
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        Ok(Snapshot::of(image.ok_or(Damaged)??.ok_or_else(|| CompileError::TooLarge(String::new()))?)?)
    }
}

impl fmt::Debug for SnapshotBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SnapshotBuilder")
            .field("tenants", &(self.whole.tenants() + self.open.outlines.len()))
            .finish_non_exhaustive()
    }
}

/// So many octets of pages are added at once: enough that a tenant costs few allocations.
const TOGETHER: usize = 64 << 10;
