//! The image of a snapshot: its head, the pages by tenant id, and the tables over all tenants, as one run of octets.
//!
//! A compiled snapshot is such an image in memory, and a sealed one is it with checksums behind; nothing in it depends on
//! where it stands. `docs/snapshot.md` has the layout.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::Hasher as _;
use core::mem;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::address::suffix;
use crate::address::unicode_version;
use crate::compile::{denies, mode_from, mode_kind};
use crate::decision::SnapshotId;
use crate::options::{HashKey, Limits, Options};
use crate::policy::Provider;

use super::blocks::{Blocks, checksum, checksums};
use super::hash::Hasher;
use super::index::{self, Filling};
use super::join::Both;
use super::keys::{Table, keys};
use super::layout::{Aligned, Bytes, Damaged, LINE, Read, Run, Writer, small, words_of};
use super::page::PageView;
use super::root::UNIT;
use super::row::Row;
use super::rows::{MAGIC, ROOT_HEAD, RootRow, VERSION, root, tenant};
use super::runs::{RUN, Runs};

/// The octets of an image, and what is known of them.
pub(crate) struct Image {
    octets: Box<dyn AsRef<[u8]> + Send + Sync>,
    /// What has been checked, if it was sealed.
    pub(crate) blocks: Option<Blocks>,
}

impl Image {
    /// Takes what stands before the pages of an image, to build another one on.
    pub(crate) fn of_front(octets: Vec<u8>) -> Self {
        Self { octets: Box::new(octets), blocks: None }
    }

    /// The octets, with the checksums if it was sealed.
    #[inline]
    pub(crate) fn bytes(&self) -> Bytes<'_> {
        Bytes((*self.octets).as_ref())
    }

    /// The head.
    pub(crate) fn head(&self) -> Read<RootRow<'_>> {
        RootRow::at(self.bytes(), 0)
    }

    /// The octets without the checksums.
    pub(crate) fn content(&self) -> Read<&[u8]> {
        let end = self.head()?.words() as usize * 4;
        self.bytes().0.get(..end).ok_or(Damaged)
    }

    /// Opens a sealed image: its head, its list of checksums and the provider's entries are checked, and nothing else is read.
    pub(crate) fn open(octets: Box<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, OpenError> {
        let mut image = Self { octets, blocks: None };
        let bytes = image.bytes();
        let Some(start) = bytes.0.first_chunk().map(|start| u64::from_le_bytes(*start)) else {
            return Err(OpenError::NotSealed);
        };
        if start != MAGIC {
            return Err(OpenError::NotSealed);
        }
        let version = bytes.word(2).map_err(|Damaged| OpenError::Truncated)?;
        if version != VERSION {
            return Err(OpenError::Version { found: version, supported: VERSION });
        }
        let head = image.head().map_err(|Damaged| OpenError::Truncated)?;
        let checked = bytes.0.get(..RootRow::CHECK).ok_or(OpenError::Truncated)?;
        if checksum(HEAD_PLACE, checked) != head.check() {
            return Err(OpenError::Damaged(Damaged));
        }
        let end = head.words() as usize * 4;
        let blocks = Blocks::new(end);
        let sums = bytes.0.get(end..).ok_or(OpenError::Truncated)?;
        match sums.len().cmp(&blocks.sums()) {
            core::cmp::Ordering::Less => return Err(OpenError::Truncated),
            core::cmp::Ordering::Equal => {}
            core::cmp::Ordering::Greater => return Err(OpenError::TooLong),
        }
        if checksum(SUMS_PLACE, sums) != head.sums() {
            return Err(OpenError::Damaged(Damaged));
        }
        blocks.touch(bytes, ROOT_HEAD, head.pages().start as usize * 4)?;
        for (sealed, here) in [(head.suffixes()?, suffix::LIST_VERSION), (head.unicode()?, unicode_version())] {
            if sealed != here.as_bytes() {
                return Err(OpenError::Lists);
            }
        }
        image.blocks = Some(blocks);
        Ok(image)
    }

    /// What the image was built with.
    pub(crate) fn options(&self) -> Read<Options> {
        let head = self.head()?;
        let mut options = Options::new(HashKey(head.key().to_le_bytes()));
        options.limits = Limits {
            field_octets: head.field_octets(),
            header_octets: head.header_octets(),
            mailboxes: head.mailboxes(),
            comment_depth: head.comment_depth(),
        };
        Ok(options)
    }

    /// Returns the checksum of the head that the sealed image has. It depends on every octet.
    pub(crate) fn check(&self) -> Read<u64> {
        let (head, _) = self.checksums()?;
        RootRow::at(Bytes(&head), 0).map(RootRow::check)
    }

    /// The head with its checksums, and the checksums of the blocks.
    pub(crate) fn checksums(&self) -> Read<([u8; ROOT_HEAD], Vec<u8>)> {
        let content = self.content()?;
        let sums = checksums(content);
        let mut head: [u8; ROOT_HEAD] = *content.first_chunk().ok_or(Damaged)?;
        let mut write = |at: usize, value: u64| {
            if let Some(slot) = head.get_mut(at..at + 8) {
                slot.copy_from_slice(&value.to_le_bytes());
            }
            head.get(..RootRow::CHECK).map_or(0, |checked| checksum(HEAD_PLACE, checked))
        };
        let check = write(RootRow::SUMS, checksum(SUMS_PLACE, &sums));
        write(RootRow::CHECK, check);
        Ok((head, sums))
    }
}

/// What the provider sets for all tenants.
pub(crate) struct Front {
    writer: Writer,
    options: Options,
    head: [u32; 4],
    texts: [Run; 2],
    denies: Run,
    settings: u128,
}

impl Front {
    /// Writes the provider's settings, and the versions of the lists that decisions depend on.
    pub(crate) fn new(provider: &Provider, options: &Options) -> Self {
        let mut writer = Writer::default();
        writer.reserve(RootRow::WORDS);
        let texts = [suffix::LIST_VERSION, unicode_version()]
            .map(|text| Run { start: writer.octets(&[text.as_bytes()]), count: small(text.len()) });
        let denies = denies(&mut writer, &provider.denies);
        let [low, high, ..] = words_of(u128::from(u64::from_le_bytes(mode_from(provider.hosted).to_le_bytes())));
        let head = [0, mode_kind(provider.hosted), low, high];
        let mut hasher = SipHasher13::new();
        head.iter().for_each(|word| hasher.write(&word.to_le_bytes()));
        hasher.write(writer.so_far());
        writer.fill(UNIT);
        let settings = hasher.finish128().as_u128();
        Self { writer, options: *options, head, texts, denies, settings }
    }

    /// Takes over what stands before the pages of an image.
    pub(crate) fn of(image: &Image, options: &Options) -> Read<Self> {
        let head = image.head()?;
        let start = head.pages().start as usize * 4;
        let mut writer = Writer::default();
        writer.reserve(RootRow::WORDS);
        writer.octets(&[image.bytes().0.get(ROOT_HEAD..start).ok_or(Damaged)?]);
        let [low, high, ..] = words_of(u128::from(u64::from_le_bytes(head.hosted_from().to_le_bytes())));
        let texts = [head.suffixes_run(), head.unicode_run()];
        let words = [0, head.hosted(), low, high];
        Ok(Self { writer, options: *options, head: words, texts, denies: head.denies(), settings: head.settings() })
    }
}

/// Pages, one behind the other, and what an image of them needs to know before it has them all.
#[derive(Default)]
pub(crate) struct Pages {
    octets: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    keys: Keys,
    /// The sum of their digests.
    sum: u128,
    has_subdomains: bool,
}

/// How many keys each table has.
type Keys = [usize; Table::ALL.len()];

impl Pages {
    /// Adds the page that `write` appends to those before.
    pub(crate) fn push<E: From<Damaged>>(
        &mut self,
        hasher: &Hasher,
        write: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        let start = self.octets.len();
        self.octets = write(mem::take(&mut self.octets))?;
        let page = PageView::new(self.octets.get(start..).ok_or(Damaged)?)?;
        keys(page, hasher, |table, _, _| {
            if let Some(count) = self.keys.get_mut(table as usize) {
                *count += 1;
            }
        })?;
        self.sum = self.sum.wrapping_add(page.head().digest());
        self.has_subdomains |= page.has(tenant::HAS_SUBDOMAINS);
        self.ends.push(self.octets.len());
        Ok(())
    }

    /// How many octets they have.
    pub(crate) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// How many octets they could have without more memory.
    pub(crate) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Forgets them, and keeps the memory for others.
    fn clear(&mut self) {
        let Self { octets, ends, .. } = self;
        octets.clear();
        ends.clear();
        *self = Self { octets: mem::take(octets), ends: mem::take(ends), ..Self::default() };
    }
}

/// Builds an image of pages that come in any order.
pub(crate) struct Builder {
    front: Front,
    hasher: Hasher,
    runs: Runs,
    keys: Keys,
    sum: u128,
    /// The page at hand.
    alone: Pages,
}

impl Builder {
    /// Begins an image.
    pub(crate) fn new(front: Front) -> Self {
        let hasher = Hasher::new(&front.options.hash_key);
        let (runs, alone) = (Runs::of(RUN), Pages::default());
        Self { front, hasher, runs, keys: Keys::default(), sum: 0, alone }
    }

    /// Adds a page that was built before.
    pub(crate) fn page(&mut self, page: &[u8]) -> Read<()> {
        let mut alone = mem::take(&mut self.alone);
        alone.push(&self.hasher, |mut octets| {
            octets.extend_from_slice(page);
            Ok::<_, Damaged>(octets)
        })?;
        self.pages(&mut alone)?;
        self.alone = alone;
        Ok(())
    }

    /// Moves pages here.
    pub(crate) fn pages(&mut self, pages: &mut Pages) -> Read<()> {
        if pages.has_subdomains {
            let [flags, ..] = &mut self.front.head;
            *flags |= root::HAS_SUBDOMAINS;
        }
        self.sum = self.sum.wrapping_add(pages.sum);
        self.keys.iter_mut().zip(&pages.keys).for_each(|(all, more)| *all += more);
        let mut start = 0;
        for &end in &pages.ends {
            self.runs.push(pages.octets.get(start..end).ok_or(Damaged)?)?;
            start = end;
        }
        pages.clear();
        Ok(())
    }

    /// Writes the pages, the tables and the head; `None` where all of it is larger than 16 GiB.
    ///
    /// The octets are the same whichever way `both` goes.
    pub(crate) fn finish(mut self, both: &impl Both) -> Read<Option<Image>> {
        let Front { writer, options, head, texts, denies, settings } = self.front;
        let front = writer.so_far();
        let behind_pages = front.len() + self.runs.octets();
        let Some((tables, end)) = places(behind_pages, &self.keys) else { return Ok(None) };
        let (order, starts) = self.runs.order()?;
        let mut image = Aligned::zeroed(end);
        let (pages, mut rest) = image.octets().split_at_mut_checked(behind_pages).ok_or(Damaged)?;
        let (start, pages) = pages.split_at_mut_checked(front.len()).ok_or(Damaged)?;
        start.copy_from_slice(front);
        self.runs.write(&order, pages)?;
        drop(order);

        let first = small(front.len() / UNIT);
        let mut filling: [_; Table::ALL.len()] = Default::default();
        let mut at = behind_pages;
        for ((run, table), slot) in tables.iter().zip(Table::ALL).zip(&mut filling) {
            if run.count != 0 {
                let skipped = (run.start as usize * 4).checked_sub(at).ok_or(Damaged)?;
                let octets = index::octets(run.count, table.entry_words());
                rest = rest.get_mut(skipped..).ok_or(Damaged)?;
                let (place, behind) = rest.split_at_mut_checked(octets).ok_or(Damaged)?;
                (rest, at) = (behind, at + skipped + octets);
                *slot = Some(Filling::new(place, run.count));
            }
        }
        // Those of accounts are about as large as all others.
        let [accounts, credentials, domains, own, tenants, heirs] = filling;
        let mut of_accounts = [accounts, None, None, own, None, None];
        let mut others = [None, credentials, domains, None, tenants, heirs];
        let (pages, hasher) = (&*pages, &self.hasher);
        let fill = |tables: &mut [Option<Filling<'_>>; Table::ALL.len()]| -> Read<()> {
            // In the order of the pages, on which the octets of the tables depend.
            for &start in &starts {
                let page = PageView::new(pages.get(start as usize * UNIT..).ok_or(Damaged)?)?;
                let number = start.saturating_add(first);
                keys(page, hasher, |table, key, record| {
                    let Some(Some(filling)) = tables.get_mut(table as usize) else { return };
                    match table.entry_words() {
                        1 => filling.enter(key.hash(hasher), [number]),
                        _ => filling.enter(key.hash(hasher), [number, record]),
                    }
                })?;
            }
            Ok(())
        };
        let (one, other) = both.both(|| fill(&mut others), || fill(&mut of_accounts));
        one.and(other)?;

        let pages = Run { start: small(front.len() / 4), count: small(pages.len() / 4) };
        let Limits { field_octets, header_octets, mailboxes, comment_depth } = options.limits;
        let id = identify(self.sum, settings);
        let mut words = Vec::with_capacity(ROOT_HEAD / 4);
        words.extend(words_of(u128::from(MAGIC)).into_iter().take(2));
        words.push(VERSION);
        words.extend(head);
        words.extend([field_octets, header_octets, mailboxes, comment_depth, small(starts.len())]);
        words.extend(words_of(u128::from_le_bytes(options.hash_key.0)));
        words.extend(words_of(id.0));
        words.extend(words_of(self.sum));
        words.extend(texts.into_iter().chain([denies, pages]).flat_map(|run| [run.start, run.count]));
        words.extend([small(end / 4), 0]);
        words.extend(tables.into_iter().flat_map(|run| [run.start, run.count]));
        words.extend(words_of(settings));
        for (slot, word) in image.octets().chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        Ok(Some(Image { octets: Box::new(image), blocks: None }))
    }
}

/// Where the tables stand behind so many octets, and where the last of them ends; `None` where a word could not tell that.
fn places(behind: usize, keys: &Keys) -> Option<([Run; Table::ALL.len()], usize)> {
    // Groups that are as large as a line begin where one does.
    let mut end = behind.checked_next_multiple_of(LINE)?;
    let mut tables = [Run::default(); Table::ALL.len()];
    for ((table, &keys), run) in Table::ALL.into_iter().zip(keys).zip(&mut tables) {
        let groups = index::groups(keys);
        if groups != 0 {
            *run = Run { start: u32::try_from(end / 4).ok()?, count: groups };
            end = end.checked_add(index::octets(groups, table.entry_words()))?;
        }
    }
    u32::try_from(end / 4).ok()?;
    Some((tables, end))
}

/// Combines the sum of the pages' digests with what identifies the rest, so that a change of one tenant rehashes nothing else.
pub(crate) fn identify(sum: u128, settings: u128) -> SnapshotId {
    let mut hasher = SipHasher13::new();
    hasher.write(&sum.to_le_bytes());
    hasher.write(&settings.to_le_bytes());
    SnapshotId(hasher.finish128().as_u128())
}

/// Why octets are no snapshot that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The octets do not begin as a sealed snapshot does.
    #[error("not a sealed snapshot; right would be a file that `Snapshot::seal` or `sendas seal` made")]
    NotSealed,
    /// The format has another version.
    #[error(
        "sealed in version {found} of the format, and this program reads version {supported}; seal the policy again with it"
    )]
    Version {
        /// The version of the octets.
        found: u32,
        /// The version that can be opened.
        supported: u32,
    },
    /// The public suffix list or the Unicode tables are of another version, so that decisions could differ.
    #[error(
        "sealed by a program with another public suffix list or another version of Unicode, under which decisions could \
         differ; seal the policy again with this one"
    )]
    Lists,
    /// There are fewer octets than were sealed.
    #[error("the sealed snapshot is cut short; right would be the whole file")]
    Truncated,
    /// There are more octets than were sealed.
    #[error("octets stand behind the sealed snapshot; right would be the file as it was sealed")]
    TooLong,
    /// The head, the list of checksums or the provider's settings do not have their checksum.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// What is hashed before the head's checksum, and before that of the checksums: no number of a block.
const HEAD_PLACE: u64 = u64::MAX;
const SUMS_PLACE: u64 = u64::MAX - 1;

#[cfg(test)]
mod tests {
    use std::format;

    use super::{LINE, RootRow, Row};
    use crate::options::{HashKey, Options};
    use crate::policy::{Account, Policy, Tenant};
    use crate::snapshot::Snapshot;

    #[test]
    fn groups_as_large_as_a_line_stand_in_one() {
        // Tenants by id take a number of octets that is no multiple of a line's.
        let mut policy = Policy::default();
        for number in 0..40 {
            let mut tenant = Tenant::new(format!("tenant-{number}"));
            tenant.accounts.push(Account::new(format!("account-{number}")));
            policy.tenants.push(tenant);
        }
        let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("a sound policy");
        let head = RootRow::at(snapshot.root().bytes, 0).expect("a head");
        let tables = [head.account_index(), head.credential_index(), head.domain_index(), head.own_index()];
        assert!(head.account_index().count > 1 && head.tenant_index().count > 1);
        for run in tables.iter().filter(|run| run.count != 0) {
            assert_eq!(4 * run.start as usize % LINE, 0);
        }
    }
}
