//! The checksums of a sealed snapshot: a block of 64 KiB is checked when something of it is first read.
//!
//! A checksum tells that a disk, a copy or a network changed octets. It is no signature: who can write the file can
//! write checksums, too.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use twox_hash::XxHash3_64;

use super::layout::{Bytes, Damaged, Read};
use super::rows::ROOT_HEAD;

/// Which blocks have been checked. The octets themselves are handed in, because a snapshot only borrows them.
pub(crate) struct Blocks {
    checked: Box<[AtomicU8]>,
    /// All of them have been, so that none need be asked for.
    are_verified: AtomicBool,
    /// The octet where the checksums start, which is behind the last block.
    end: usize,
}

impl Blocks {
    /// Takes the blocks before `end`, none of which is checked.
    pub(crate) fn new(end: usize) -> Self {
        let checked = (0..end.div_ceil(BLOCK)).map(|_| AtomicU8::new(0)).collect();
        Self { checked, are_verified: AtomicBool::new(false), end }
    }

    /// The octets that the checksums take.
    pub(crate) const fn sums(&self) -> usize {
        self.checked.len() * 8
    }

    /// The octet behind the block that an octet is in.
    pub(crate) const fn end_of(octet: usize) -> usize {
        (octet / BLOCK + 1) * BLOCK
    }

    /// Checks the blocks of a range of octets that is not empty.
    pub(crate) fn touch(&self, bytes: Bytes<'_>, first: usize, end: usize) -> Read<()> {
        for number in first / BLOCK..=end.saturating_sub(1).max(first) / BLOCK {
            let checked = self.checked.get(number).ok_or(Damaged)?;
            if checked.load(Ordering::Relaxed) & BLOCK_IS_SOUND == 0 {
                self.check(bytes, number, BLOCK_IS_SOUND)?;
            }
        }
        Ok(())
    }

    /// Checks the blocks that a page is in: `length` octets from `first` on.
    ///
    /// At most one page begins in a block and ends in a later one, so that one more bit of the first block says that all
    /// of that page is sound, however large it is.
    #[inline]
    pub(crate) fn touch_page(&self, bytes: Bytes<'_>, first: usize, length: usize) -> Read<()> {
        let number = first / BLOCK;
        let ends_here = first + length <= (number + 1) * BLOCK;
        let needed = if ends_here { BLOCK_IS_SOUND } else { PAGE_IS_SOUND };
        match self.checked.get(number) {
            Some(checked) if checked.load(Ordering::Relaxed) & needed != 0 => Ok(()),
            _ => self.check_page(bytes, first, length),
        }
    }

    /// Checks every block that is not known to be sound.
    pub(crate) fn verify(&self, bytes: Bytes<'_>) -> Read<()> {
        self.touch(bytes, 0, self.end)?;
        self.are_verified.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether every block has been checked.
    #[inline]
    pub(crate) fn are_verified(&self) -> bool {
        self.are_verified.load(Ordering::Relaxed)
    }

    #[cold]
    fn check_page(&self, bytes: Bytes<'_>, first: usize, length: usize) -> Read<()> {
        let end = first.checked_add(length).ok_or(Damaged)?;
        // The length stands in the first block: where that is not sound, it is not what it seems to be.
        self.touch(bytes, first, first + 1)?;
        self.touch(bytes, first, end)?;
        if end > Self::end_of(first) {
            self.mark(first / BLOCK, PAGE_IS_SOUND)?;
        }
        Ok(())
    }

    #[cold]
    fn check(&self, bytes: Bytes<'_>, number: usize, bit: u8) -> Read<()> {
        let octets = bytes.0.get(..self.end).ok_or(Damaged)?;
        let block = block(octets, number).ok_or(Damaged)?;
        let at = number.checked_mul(8).and_then(|skip| self.end.checked_add(skip)).ok_or(Damaged)?;
        let sum = bytes.0.get(at..).and_then(<[u8]>::first_chunk).ok_or(Damaged)?;
        if checksum(number as u64, block) != u64::from_le_bytes(*sum) {
            return Err(Damaged);
        }
        self.mark(number, bit)
    }

    fn mark(&self, number: usize, bit: u8) -> Read<()> {
        // Whoever sees the bit has nothing to read that this thread wrote: the octets were there all the time.
        self.checked.get(number).ok_or(Damaged)?.fetch_or(bit, Ordering::Relaxed);
        Ok(())
    }
}

/// Returns the checksums of all blocks of these octets, as they are written behind them.
pub(crate) fn checksums(octets: &[u8]) -> Vec<u8> {
    (0..octets.len().div_ceil(BLOCK))
        .flat_map(|number| block(octets, number).map_or(0, |block| checksum(number as u64, block)).to_le_bytes())
        .collect()
}

/// The checksum of octets that stand at a place of their own: XXH3 with the number of the place.
pub(crate) fn checksum(place: u64, octets: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(place, octets)
}

/// The octets of a block; the head of the snapshot, which has a checksum of its own, is left out.
fn block(octets: &[u8], number: usize) -> Option<&[u8]> {
    let first = number.checked_mul(BLOCK)?;
    octets.get(first.max(ROOT_HEAD)..octets.len().min(first.saturating_add(BLOCK)))
}

/// The octets of a block.
const BLOCK: usize = 64 * 1024;
/// The block has its checksum.
const BLOCK_IS_SOUND: u8 = 1;
/// So have all blocks of the page that begins in this block and ends in a later one.
const PAGE_IS_SOUND: u8 = 1 << 1;
