//! What one snapshot has that another has not: the pages of changed tenants, to be sent to those that have the other one.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::decision::SnapshotId;

use super::blocks::checksum;
use super::build::join::InTurn;
use super::build::{Front, ImageBuilder};
use super::image::Image;
use super::layout::{Bytes, Damaged, Read, Writer, small};
use super::overlay::Overlay;
use super::page::PageView;
use super::root::RootView;
use super::rows::VERSION;
use super::{Changes, CompileError, Snapshot};

impl Snapshot {
    /// Returns what makes of this snapshot the newer one: its provider's settings, the tenants that differ, and the ids of those that
    /// are gone. Both must have one hash key and the same limits.
    ///
    /// [`Snapshot::apply_delta`] takes it, where this snapshot is, too; what it then seals is, octet for octet, what the newer one does.
    ///
    /// # Errors
    ///
    /// [`DeltaError::OtherOptions`] for another hash key or other limits, [`DeltaError::Damaged`] where one of the two was opened and is damaged.
    ///
    /// ```
    /// use sendas::policy::Tenant;
    /// use sendas::{HashKey, Options, Policy, Snapshot};
    ///
    /// let old = Snapshot::compile(&Policy::default(), &Options::new(HashKey(*b"sixteen random!!")))?;
    /// let new = old.replace_tenant(&Tenant::new("acme"))?;
    /// let delta = old.delta(&new)?;
    /// assert_eq!(old.apply_delta(&delta)?.seal()?, new.seal()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delta(&self, newer: &Self) -> Result<Vec<u8>, DeltaError> {
        let (mine, theirs) = (self.options(), newer.options());
        if mine.hash_key.0 != theirs.hash_key.0 || mine.limits != theirs.limits {
            return Err(DeltaError::OtherOptions);
        }
        let newer = newer.compact()?;
        let image = &newer.inner.image;
        let (mut gone, mut pages, mut counts) = (Writer::default(), Writer::default(), [0_u32; 2]);
        let (mut before, mut after) = (self.root().pages(), newer.root().pages());
        let (mut old, mut new) = (before.next().transpose()?, after.next().transpose()?);
        loop {
            let order = match (old, new) {
                (None, None) => break,
                (Some((_, old)), Some((_, new))) => old.head().id()?.cmp(new.head().id()?),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            let [removed, changed] = &mut counts;
            match (order, old, new) {
                (Ordering::Less, Some((_, page)), _) => {
                    gone.word(small(page.head().id()?.len()));
                    gone.octets(&[page.head().id()?]);
                    *removed += 1;
                }
                (Ordering::Equal, Some((_, old)), Some((_, new))) if old.octets()? == new.octets()? => {}
                (_, _, Some((_, page))) => {
                    pages.octets(&[page.octets()?]);
                    *changed += 1;
                }
                (_, _, None) => {}
            }
            if order != Ordering::Greater {
                old = before.next().transpose()?;
            }
            if order != Ordering::Less {
                new = after.next().transpose()?;
            }
        }
        let start = image.head()?.pages().start;
        let front = image.bytes().0.get(..start as usize * 4).ok_or(Damaged)?;
        let mut delta = Writer::default();
        delta.octets(&[&MAGIC]);
        delta.word(VERSION);
        counts.into_iter().chain([start]).for_each(|count| delta.word(count));
        [self.id(), newer.id()].into_iter().for_each(|id| delta.quad(id.0));
        delta.octets(&[&image.check()?.to_le_bytes(), front, gone.so_far(), pages.so_far()]);
        let sum = checksum(PLACE, delta.so_far());
        delta.octets(&[&sum.to_le_bytes()]);
        Ok(delta.so_far().to_vec())
    }

    /// Returns the snapshot that a delta leads to from this one. This one stays as it is.
    ///
    /// The delta is taken as it is: like a sealed snapshot, it comes from whoever compiles policies here.
    ///
    /// # Errors
    ///
    /// [`DeltaError::NoDelta`] and [`DeltaError::Version`] for other octets, [`DeltaError::OtherBase`] where it was made for another
    /// snapshot than this one, [`DeltaError::Damaged`] where it, or what this snapshot was opened from, is damaged.
    pub fn apply_delta(&self, delta: &[u8]) -> Result<Self, DeltaError> {
        if !delta.starts_with(&MAGIC) {
            return Err(DeltaError::NoDelta);
        }
        let bytes = Bytes(delta);
        let version = bytes.word(2)?;
        if version != VERSION {
            return Err(DeltaError::Version { found: version, supported: VERSION });
        }
        let (content, sum) = delta.split_last_chunk().ok_or(Damaged)?;
        if checksum(PLACE, content) != u64::from_le_bytes(*sum) {
            return Err(DeltaError::Damaged(Damaged));
        }
        let bytes = Bytes(content);
        let head = bytes.words::<HEAD>(0)?;
        let base = SnapshotId(head.quad::<6>());
        if base != self.id() {
            return Err(DeltaError::OtherBase { base, found: self.id() });
        }
        let [removed, changed, start] = [head.word::<3>(), head.word::<4>(), head.word::<5>()];
        let mut at = small(HEAD / 4);
        let front = Image::of(bytes.octets(at, 0, start as usize * 4)?.to_vec());
        at = at.wrapping_add(start);

        // A new image is built of all pages, so that nothing is looked up in what has changed.
        let mut overlay = self.inner.changes.overlay.clone().unwrap_or_default();
        for _ in 0..removed {
            let length = bytes.word(at)?;
            self.take_page(&mut overlay, bytes.octets(at.wrapping_add(1), 0, length as usize)?)?;
            at = at.wrapping_add(1).wrapping_add(length.div_ceil(4));
        }
        for _ in 0..changed {
            let length = bytes.word(at)?;
            let page = bytes.octets(at, 0, length as usize * 4)?;
            self.take_page(&mut overlay, PageView::new(page)?.head().id()?)?;
            overlay.add_page_alone(page).ok_or(Damaged)?;
            at = at.wrapping_add(length);
        }
        let changes = Changes { overlay: Some(overlay), ..self.inner.changes };
        let changed = RootView { changes: &changes, ..self.root() };
        let mut builder = ImageBuilder::new(Front::of(&front, self.options())?);
        for page in changed.pages() {
            builder.page(page?.1.octets()?)?;
        }
        let image = builder.finish(&InTurn)?.ok_or(Damaged)?;
        // The checksum of the head depends on every octet: what is not the newer snapshot is none.
        if image.check()? != head.double::<14>() {
            return Err(DeltaError::Damaged(Damaged));
        }
        Ok(Self::of(image)?)
    }

    /// Takes the page of the tenant with this id out of an overlay over this snapshot, if it is there.
    fn take_page(&self, overlay: &mut Overlay, id: &[u8]) -> Read<()> {
        match self.root().tenant(id)? {
            Some(number) => overlay.take_page_alone(number, self.root().page(number)?),
            None => Ok(()),
        }
    }
}

/// Why there is no delta, or why it cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// The octets do not begin as a delta does.
    #[error("not a delta of two snapshots; right would be what `Snapshot::delta` or `sendas delta` made")]
    NoDelta,
    /// The format has another version.
    #[error(
        "a delta in version {found} of the format, and this program reads version {supported}; right would be the whole snapshot"
    )]
    Version {
        /// The version of the octets.
        found: u32,
        /// The version that can be applied.
        supported: u32,
    },
    /// The delta was made for another snapshot.
    #[error(
        "the delta is for snapshot {base}, and this one is {found}; right would be that one, or the whole new snapshot"
    )]
    OtherBase {
        /// The snapshot that it was made for.
        base: SnapshotId,
        /// The snapshot that it was to be applied to.
        found: SnapshotId,
    },
    /// The two snapshots have different hash keys or limits, so that no page of theirs is the same.
    #[error(
        "the two snapshots have different hash keys or limits; seal the newer one with those of the older one, as `sendas seal --like` does"
    )]
    OtherOptions,
    /// The newer snapshot does not fit into 16 GiB.
    #[error("the newer snapshot is too large to be sealed")]
    TooLarge,
    /// The delta or a snapshot is damaged.
    #[error(
        "the delta or a snapshot is damaged: some of its octets are not those that were written; right would be a sound copy of the file"
    )]
    Damaged(Damaged),
}

impl From<Damaged> for DeltaError {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

impl From<CompileError> for DeltaError {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Damaged(damaged) => Self::Damaged(damaged),
            CompileError::TooLarge(_) | CompileError::Policy(_) | CompileError::OtherKey(_) => Self::TooLarge,
        }
    }
}

/// The first octets of a delta, its version, how many tenants are gone and changed, the words of the provider's settings, two ids
/// and the checksum of the newer head.
const HEAD: usize = 4 * 16;
const MAGIC: [u8; 8] = *b"\x93SENDLT\n";
/// What is hashed before the checksum: no number of a block, and no other place.
const PLACE: u64 = u64::MAX - 2;

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;
    use crate::policy::{Account, Tenant};
    use crate::samples::{self, compiled, forged, page_of, verified};

    fn tenants() -> impl Iterator<Item = Tenant> {
        (0..40).map(|number| Tenant::new(format!("tenant-{number:02}")))
    }

    #[test]
    fn a_delta_that_names_a_tenant_twice_is_damaged() {
        let base = compiled(tenants());
        let removed = base.remove_tenant("tenant-07").expect("nothing depends on it");
        let mut changed = Tenant::new("tenant-07");
        changed.suspended = true;
        let changed = base.replace_tenant(&changed).expect("a sound tenant");
        // It stands in the image, and beside it.
        for base in [&base, &changed] {
            let mut delta = base.delta(&removed).expect("one key");
            assert!(base.apply_delta(&delta).is_ok());
            let [gone, start] = [3, 5].map(|word| Bytes(&delta).word(word).expect("a head") as usize);
            assert_eq!(gone, 1);
            delta[12..16].copy_from_slice(&2_u32.to_le_bytes());
            let first = HEAD + 4 * start;
            let again = delta[first..first + 16].to_vec();
            delta.splice(first..first, again);
            let (content, _) = delta.split_last_chunk::<8>().expect("a checksum");
            let sum = checksum(PLACE, content).to_le_bytes();
            let delta = [content, &sum].concat();
            assert_eq!(base.apply_delta(&delta).map(|snapshot| snapshot.id()), Err(DeltaError::Damaged(Damaged)));
        }
    }

    #[test]
    fn pages_of_forged_lengths_are_not_put_together() {
        let named = |number| {
            let mut tenant = samples::tenant(&format!("tenant-{number:02}"), verified(&format!("of{number}.example")));
            tenant.accounts.extend((0..number % 9).map(|seat| Account::new(format!("account-{number}-{seat}"))));
            tenant
        };
        let snapshot = compiled((0..40).map(named));
        let first = page_of(&snapshot, "tenant-07");
        let words = snapshot.root().bytes.word(small(first / 4)).expect("a page");
        for length in (words - 15..words + 16).filter(|length| *length != words) {
            let length = length.to_le_bytes();
            let opened = forged(&snapshot, |octets| octets[first..first + 4].copy_from_slice(&length));
            let changed = opened.replace_tenant(&Tenant::new("other")).expect("what has nothing to do with it");
            assert_eq!(changed.compact().map(|snapshot| snapshot.id()), Err(CompileError::Damaged(Damaged)));
        }
    }
}
