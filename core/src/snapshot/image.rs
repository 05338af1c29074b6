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
use super::hash::{Hash, Hasher};
use super::index;
use super::join::Both;
use super::keys::{Table, keys};
use super::layout::{Bytes, Damaged, LINE, Read, Run, Word, Writer, small, words_of};
use super::page::PageView;
use super::root::{UNIT, UNIT_WORDS};
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

/// A page, and what it adds to the tables over all tenants.
pub(crate) struct Part {
    octets: Vec<u8>,
    keys: Vec<(Table, Key)>,
}

/// A hash, and the word of the record that it leads to.
type Key = (Hash, Word);

impl Part {
    /// Takes a page, whose keys are hashed by this hasher.
    pub(crate) fn new(octets: Vec<u8>, hasher: &Hasher) -> Read<Self> {
        let page = PageView::new(&octets)?;
        let head = page.head();
        // Most accounts have an own address, or none has.
        let (accounts, domains) = (head.accounts().count as usize, head.domains().count as usize);
        let mut found = Vec::with_capacity(1 + 2 * accounts + domains);
        keys(page, hasher, |table, hash, record| found.push((table, (hash, record))))?;
        Ok(Self { octets, keys: found })
    }
}

/// Builds an image of pages that come in any order.
pub(crate) struct Builder {
    front: Front,
    hasher: Hasher,
    runs: Runs,
    /// The keys of each table, in the order in which the pages came.
    keys: [Vec<Key>; Table::ALL.len()],
    /// Where the keys of each page begin in these.
    starts: Vec<[u32; Table::ALL.len()]>,
    sum: u128,
}

impl Builder {
    /// Begins an image.
    pub(crate) fn new(front: Front) -> Self {
        let hasher = Hasher::new(&front.options.hash_key);
        Self { front, hasher, runs: Runs::of(RUN), keys: Default::default(), starts: Vec::new(), sum: 0 }
    }

    /// Adds a page that was built before.
    pub(crate) fn page(&mut self, page: &[u8]) -> Read<()> {
        self.part(&Part::new(page.to_vec(), &self.hasher)?)
    }

    /// Adds a page.
    pub(crate) fn part(&mut self, Part { octets, keys }: &Part) -> Read<()> {
        let view = PageView::new(octets)?;
        if view.has(tenant::HAS_SUBDOMAINS) {
            let [flags, ..] = &mut self.front.head;
            *flags |= root::HAS_SUBDOMAINS;
        }
        self.sum = self.sum.wrapping_add(view.head().digest());
        self.starts.push(self.keys.each_ref().map(|keys| small(keys.len())));
        for &(table, key) in keys {
            if let Some(keys) = self.keys.get_mut(table as usize) {
                keys.push(key);
            }
        }
        self.runs.push(octets)
    }

    /// Writes the pages, the tables and the head; `None` where all of it is larger than 16 GiB.
    ///
    /// The octets are the same whichever way `both` goes.
    pub(crate) fn finish(mut self, both: &impl Both) -> Read<Option<Image>> {
        let (order, before) = self.runs.order()?;
        let Front { writer, options, head, texts, denies, settings } = self.front;
        let start = writer.here();
        let mut writer = self.runs.behind(writer.so_far(), &order)?;
        let pages = Run { start, count: writer.here().wrapping_sub(start) };
        let tenants = small(order.len());
        // So are those groups that are as large as a line.
        writer.fill(LINE);
        // The tables are filled in the order of the pages, on which their octets depend.
        let (keys, starts) = (&self.keys, &self.starts);
        let of_table = |table: Table| {
            let keys = keys.get(table as usize).map_or(&[][..], Vec::as_slice);
            let start = move |page: usize| {
                let start = starts.get(page).and_then(|starts| starts.get(table as usize));
                start.map_or(keys.len(), |start| *start as usize)
            };
            let before = &before;
            order.iter().flat_map(move |&page| {
                let page = page as usize;
                let number = (pages.start / UNIT_WORDS).saturating_add(before.get(page).copied().unwrap_or_default());
                let keys = keys.get(start(page)..start(page + 1)).unwrap_or_default();
                keys.iter().map(move |&(hash, record)| (hash, [number, record]))
            })
        };
        let start = writer.here();
        let tables = Table::ALL.map(|table| {
            let count = keys.get(table as usize).map_or(0, Vec::len);
            index::reserve(&mut writer, count, table.entry_words())
        });
        let mut rest = writer.written(start);
        let (mut of_accounts, mut others) = (Vec::new(), Vec::new());
        for (table, run) in Table::ALL.into_iter().zip(tables) {
            let octets = index::octets(run.count, table.entry_words());
            let (place, behind) = mem::take(&mut rest).split_at_mut_checked(octets).ok_or(Damaged)?;
            rest = behind;
            // Those of accounts are about as large as all others.
            let half = if matches!(table, Table::Accounts | Table::Own) { &mut of_accounts } else { &mut others };
            half.push((table, run.count, place));
        }
        let fill = |tables: &mut [(Table, u32, &mut [u8])]| {
            for (table, groups, place) in tables {
                let entries = of_table(*table);
                match table.entry_words() {
                    1 => index::fill(place, *groups, entries.map(|(hash, [number, _])| (hash, [number]))),
                    _ => index::fill(place, *groups, entries),
                }
            }
        };
        both.both(|| fill(&mut others), || fill(&mut of_accounts));
        let Limits { field_octets, header_octets, mailboxes, comment_depth } = options.limits;
        let id = identify(self.sum, settings);
        let mut words = Vec::with_capacity(ROOT_HEAD / 4);
        words.extend(words_of(u128::from(MAGIC)).into_iter().take(2));
        words.push(VERSION);
        words.extend(head);
        words.extend([field_octets, header_octets, mailboxes, comment_depth, tenants]);
        words.extend(words_of(u128::from_le_bytes(options.hash_key.0)));
        words.extend(words_of(id.0));
        words.extend(words_of(self.sum));
        words.extend(texts.into_iter().chain([denies, pages]).flat_map(|run| [run.start, run.count]));
        words.extend([writer.here(), 0]);
        words.extend(tables.into_iter().flat_map(|run| [run.start, run.count]));
        words.extend(words_of(settings));
        words.iter().zip(0..).for_each(|(word, number)| writer.set(number, [*word]));
        Ok(writer.finish_image().map(|octets| Image { octets: Box::new(octets), blocks: None }))
    }
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
