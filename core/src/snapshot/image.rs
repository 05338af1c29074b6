//! The image of a snapshot: its head, the pages by tenant id, and the tables over all tenants, as one run of octets.
//!
//! A compiled snapshot is such an image in memory, and a sealed one is it with checksums behind; nothing in it depends on
//! where it stands. `docs/snapshot.md` has the layout.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::address::suffix;
use crate::address::unicode_version;
use crate::options::{HashKey, Limits, Options};

use super::blocks::{Blocks, checksum, checksums};
use super::layout::{Aligned, Bytes, Damaged, Read};
use super::row::Row;
use super::rows::{MAGIC, ROOT_HEAD, RootRow, VERSION};

/// The octets of an image, and what is known of them.
pub(crate) struct Image {
    octets: Octets,
    /// What has been checked, if it was sealed.
    pub(crate) blocks: Option<Blocks>,
}

/// Octets, and who holds them: those that were compiled here are reached without asking anybody else for them.
enum Octets {
    Compiled(Aligned),
    Given(Box<dyn AsRef<[u8]> + Send + Sync>),
}

impl Image {
    /// Takes an image that was compiled.
    pub(crate) const fn compiled(octets: Aligned) -> Self {
        Self { octets: Octets::Compiled(octets), blocks: None }
    }

    /// Takes what stands before the pages of an image, to build another one on.
    pub(crate) fn of(octets: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self { octets: Octets::Given(Box::new(octets)), blocks: None }
    }

    /// The octets, with the checksums if it was sealed.
    #[inline]
    pub(crate) fn bytes(&self) -> Bytes<'_> {
        Bytes(match &self.octets {
            Octets::Compiled(octets) => octets.as_ref(),
            Octets::Given(octets) => (**octets).as_ref(),
        })
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
        let mut image = Self { octets: Octets::Given(octets), blocks: None };
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
