//! Snapshots in which one tenant is another, or gone, at the cost of that tenant.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::compile::compile_tenant;
use crate::policy::{Entries, Tenant};

use super::build::join::InTurn;
use super::build::{Front, ImageBuilder, identify};
use super::fit::Fit;
use super::{Changes, CompileError, Inner, Snapshot};

impl Snapshot {
    /// Returns a snapshot in which the tenant with this id is replaced, or added when there is none. This one stays as it is.
    ///
    /// The tenant alone is checked and compiled, and the others as far as they have to do with it: it costs the same
    /// however many there are, unless it verifies a domain, or takes that back, below which others have very many domains that
    /// only an entry above proves. Changes collect beside what was compiled at once; [`Snapshot::compact`] brings them together.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`]. Paths begin with the number of the tenant among all, sorted by id. What two tenants have in
    /// common, such as an account id, is named where the changed tenant has it; in other tenants, entries are counted in the
    /// order of their names, because how they were written is not kept.
    pub fn replace_tenant(&self, tenant: &Tenant) -> Result<Self, CompileError> {
        self.change(&tenant.id, Some(tenant))
    }

    /// Returns a snapshot without the tenant of this id, or the same when there is none. This one stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::replace_tenant`]: a tenant that others are subusers of cannot be removed.
    pub fn remove_tenant(&self, id: &str) -> Result<Self, CompileError> {
        self.change(id, None)
    }

    /// Returns the same snapshot without a trace of the changes that led to it: a host does so now and then, in the background.
    ///
    /// It takes as long as copying the snapshot. Until then, look-ups pass by what was replaced, and its memory is kept.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::seal`].
    pub fn compact(&self) -> Result<Self, CompileError> {
        if self.inner.changes.overlay.is_none() {
            return Ok(self.clone());
        }
        let mut builder = ImageBuilder::new(Front::of(&self.inner.image, &self.inner.options)?);
        for page in self.root().pages() {
            builder.page(page?.1.octets()?)?;
        }
        Ok(Self::of(builder.finish(&InTurn)?.ok_or_else(|| CompileError::TooLarge(String::new()))?)?)
    }

    fn change(&self, id: &str, new: Option<&Tenant>) -> Result<Self, CompileError> {
        let root = self.root();
        let old = root.tenant(id.as_bytes())?;
        if old.is_none() && new.is_none() {
            return Ok(self.clone());
        }
        let problems = Fit::new(root, id, old, new).problems()?;
        if !problems.is_empty() {
            return Err(CompileError::Policy(problems));
        }
        let Inner { image, changes, options, hasher, sum, .. } = &*self.inner;
        let mut sum = *sum;
        let mut overlay = changes.overlay.clone().unwrap_or_default();
        let old_page = old.map(|number| root.page(number)).transpose()?;
        if let (Some(number), Some(page)) = (old, old_page) {
            sum = sum.wrapping_sub(page.head().digest());
            overlay.take(root, number, page)?;
        }
        let mut added = None;
        if let Some(tenant) = new {
            let page = compile_tenant(tenant, &Entries::of(tenant), hasher, Vec::new())
                .map_err(|_| CompileError::TooLarge(tenant.id.clone()))?;
            let (number, digest) =
                overlay.add(&page, hasher).ok_or_else(|| CompileError::TooLarge(tenant.id.clone()))??;
            sum = sum.wrapping_add(digest);
            added = Some(number);
        }
        let id = identify(sum, image.head()?.settings());
        let changes = Changes { size: image.content()?.len() + overlay.octets, overlay: Some(overlay) };
        let (image, options, hasher) = (Arc::clone(image), *options, hasher.clone());
        let mut inner = Inner { image, changes, options, hasher, sum, id };
        let root = inner.root();
        let changed = root.changed_holdings(old_page, added)?;
        if let Some(overlay) = &mut inner.changes.overlay {
            changed.into_iter().for_each(|(number, holdings)| overlay.set_holdings(number, holdings));
        }
        Ok(Self { inner: Arc::new(inner) })
    }
}
