//! Tenants that are compiled each by itself, on any thread.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hint::black_box;

use crate::compile::compile_tenant;
use crate::options::HashKey;
use crate::policy::{Entries, Hashes, Identity, Outline, Outlines, Tenant};
use crate::snapshot::CompileError;
use crate::snapshot::hash::Hasher;

use super::pages::Pages;

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

    /// Checks and compiles a tenant. What is wrong with it is said by [`SnapshotBuilder::finish`](crate::SnapshotBuilder::finish).
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
        let mut compiled = CompiledTenants::default();
        self.add(tenant, &mut compiled);
        TenantPage { compiled, key: self.key }
    }

    /// Does so behind others.
    pub(crate) fn add(&self, tenant: &Tenant, compiled: &mut CompiledTenants) {
        ask_for(tenant);
        let entries = Entries::of(tenant);
        compiled.is_unsound |= compiled.outlines.add(tenant, &entries, &mut compiled.hashes);
        compiled.push(&self.hasher, |pages| {
            compile_tenant(tenant, &entries, &self.hasher, pages).map_err(|_| CompileError::TooLarge(tenant.id.clone()))
        });
    }
}

/// Reads an octet of most texts of a tenant, none of which leads to another one: where they are not at hand, their memory is asked
/// for all at once, and not of one after the other as each is checked and written.
fn ask_for(tenant: &Tenant) {
    let last = |text: &str| text.as_bytes().last().copied().unwrap_or_default();
    let of = |read: u8, identities: &[Identity]| {
        identities
            .iter()
            .fold(read, |read, Identity { address, .. }| read ^ last(address.local()) ^ last(address.domain()))
    };
    let names = tenant.domains.iter().fold(0, |read, domain| read ^ last(domain.name.as_str()));
    let read = of(names, &tenant.identities);
    black_box(tenant.accounts.iter().fold(read, |read, account| of(read ^ last(&account.id), &account.identities)));
}

/// Tenants that were checked by themselves and compiled, one after the other.
#[derive(Default)]
pub(crate) struct CompiledTenants {
    pub(super) outlines: Outlines,
    pub(super) hashes: Hashes,
    /// Those before the first that has problems or failed.
    pub(super) pages: Pages,
    /// One of them has problems or failed: never again will there be a page of each, whoever takes the failure.
    is_unsound: bool,
    pub(super) failure: Option<CompileError>,
}

impl CompiledTenants {
    /// Adds the page of the next one, as long as there is one of each before it.
    fn push(&mut self, hasher: &Hasher, write: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, CompileError>) {
        if self.is_sound() {
            if let Err(failure) = self.pages.push(hasher, write) {
                self.fail(failure);
            }
        }
    }

    /// Takes note that there is not a page of each.
    pub(super) fn fail(&mut self, failure: CompileError) {
        self.is_unsound = true;
        self.failure = Some(failure);
    }

    /// Whether there is a page of each.
    pub(super) const fn is_sound(&self) -> bool {
        !self.is_unsound
    }

    /// The id of the first tenant.
    fn id(&self) -> &str {
        self.outlines.tenant(0).map_or("", Outline::id)
    }
}

/// A tenant that was checked by itself and compiled, for a [`SnapshotBuilder`](crate::SnapshotBuilder). It can be sent between threads.
pub struct TenantPage {
    /// Of one tenant.
    compiled: CompiledTenants,
    key: HashKey,
}

impl TenantPage {
    /// Takes it apart for the snapshot that the compiler is for, which it must have been compiled for.
    pub(super) fn opened_by(self, compiler: &TenantCompiler) -> CompiledTenants {
        let Self { mut compiled, key } = self;
        if key.0 != compiler.key.0 && compiled.is_sound() {
            compiled.fail(CompileError::OtherKey(String::from(compiled.id())));
        }
        compiled
    }
}

impl fmt::Debug for TenantPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TenantPage").field("tenant", &self.compiled.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use crate::options::{HashKey, Options};
    use crate::policy::{Provider, Tenant};
    use crate::snapshot::{CompileError, Snapshot};

    use super::CompiledTenants;

    #[test]
    fn tenants_of_which_one_failed_make_no_snapshot_whatever_comes_behind() {
        let options = Options::new(HashKey([7; 16]));
        let builder = || Snapshot::builder(&Provider::default(), &options);
        let compiler = builder().compiler().clone();
        for before in [0, 2] {
            let mut compiled = CompiledTenants::default();
            (0..before).for_each(|number| compiler.add(&Tenant::new(std::format!("before-{number}")), &mut compiled));
            compiled.push(&compiler.hasher, |_| Err(CompileError::TooLarge(String::from("huge"))));
            let mut first = builder();
            first.add(&mut compiled);
            assert_eq!(first.finish().err(), Some(CompileError::TooLarge(String::from("huge"))));
            // The failure was taken; what is compiled behind it must not stand for the whole.
            compiler.add(&Tenant::new("acme"), &mut compiled);
            let mut second = builder();
            second.add(&mut compiled);
            second.tenant(&Tenant::new("beside"));
            assert!(second.finish().is_err(), "{before} before");
        }
    }
}
