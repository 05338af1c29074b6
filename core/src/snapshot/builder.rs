//! Snapshots of tenants that come one after the other, so that none of them has to stay.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::compile::compile_tenant;
use crate::options::{HashKey, Options};
use crate::policy::{Entries, Hashes, Outline, Provider, Tenant, Whole};

use super::hash::Hasher;
use super::image::{Builder, Front, Part};
use super::join::{Both, InTurn};
use super::layout::Damaged;
use super::{CompileError, Snapshot};

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
    image: Option<Builder>,
    compiler: TenantCompiler,
    /// What is wrong besides problems of the policy.
    failure: Option<CompileError>,
}

impl SnapshotBuilder {
    pub(crate) fn new(provider: &Provider, options: &Options, compiler: TenantCompiler) -> Self {
        let image = Builder::new(Front::new(provider, options));
        Self { whole: Whole::new(provider), image: Some(image), compiler, failure: None }
    }

    /// Returns what compiles tenants for this snapshot.
    #[must_use]
    pub fn compiler(&self) -> &TenantCompiler {
        &self.compiler
    }

    /// Compiles and adds the next tenant.
    pub fn tenant(&mut self, tenant: &Tenant) {
        self.page(self.compiler.compile(tenant));
    }

    /// Adds the next tenant, which [`SnapshotBuilder::compiler`] compiled. Problems count it as the next one.
    pub fn page(&mut self, page: TenantPage) {
        let TenantPage { outline, hashes, part, key } = page;
        let added = match (&part, &mut self.image) {
            (Ok(Some(_)), _) if key.0 != self.compiler.key.0 => Err(CompileError::OtherKey(String::from(outline.id()))),
            (Ok(Some(part)), Some(image)) => image.part(part).map_err(CompileError::Damaged),
            (Ok(None), _) => {
                self.image = None;
                Ok(())
            }
            (Ok(Some(_)), None) => Ok(()),
            (Err(error), _) => Err(error.clone()),
        };
        if let Err(error) = added {
            self.image = None;
            self.failure.get_or_insert(error);
        }
        self.whole.add(outline, hashes);
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

    pub(crate) fn finish_by(self, both: &impl Both) -> Result<Snapshot, CompileError> {
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
        formatter.debug_struct("SnapshotBuilder").field("tenants", &self.whole.tenants()).finish_non_exhaustive()
    }
}

/// Compiles tenants under one hash key, each by itself: a clone for each thread is cheap.
#[derive(Clone, Debug)]
pub struct TenantCompiler {
    hasher: Arc<Hasher>,
    key: HashKey,
}

impl TenantCompiler {
    pub(crate) fn new(key: &HashKey) -> Self {
        Self { hasher: Arc::new(Hasher::new(key)), key: *key }
    }

    /// Checks and compiles a tenant. What is wrong with it is said by [`SnapshotBuilder::finish`].
    ///
    /// ```
    /// use sendas::policy::{Provider, Tenant};
    /// use sendas::{HashKey, Options, Snapshot};
    ///
    /// let mut builder = Snapshot::builder(&Provider::default(), &Options::new(HashKey(*b"sixteen random!!")));
    /// let page = builder.compiler().compile(&Tenant::new("acme"));
    /// builder.page(page);
    /// assert_eq!(builder.finish()?.tenant_count(), 1);
    /// # Ok::<(), sendas::CompileError>(())
    /// ```
    #[must_use]
    pub fn compile(&self, tenant: &Tenant) -> TenantPage {
        let entries = Entries::of(tenant);
        let (outline, hashes) = Outline::of(tenant, &entries);
        let part = if outline.is_wrong() {
            Ok(None)
        } else {
            let page =
                compile_tenant(tenant, &entries, &self.hasher).map_err(|_| CompileError::TooLarge(tenant.id.clone()));
            page.and_then(|page| Ok(Some(Part::new(page, &self.hasher)?)))
        };
        TenantPage { outline, hashes, part, key: self.key }
    }
}

/// A tenant that was checked by itself and compiled, for a [`SnapshotBuilder`]. It can be sent between threads.
pub struct TenantPage {
    outline: Outline,
    hashes: Hashes,
    /// Nothing where the tenant has problems.
    part: Result<Option<Part>, CompileError>,
    key: HashKey,
}

impl fmt::Debug for TenantPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TenantPage").field("tenant", &self.outline.id()).finish_non_exhaustive()
    }
}
