//! The outlines of many tenants.

use alloc::vec::Vec;

use super::ids::At;
use super::outline::{Found, More, Outline, Outlines, small};

/// Tenants by their numbers, in blocks: what a full one holds is not moved again, however many come.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    /// Each with the number of its first tenant; the last one is being filled.
    blocks: Vec<(usize, Outlines)>,
}

impl Tenants {
    /// Moves the next ones here.
    pub(super) fn add(&mut self, outlines: &mut Outlines) {
        match self.blocks.last_mut() {
            Some((_, block)) if block.octets() < BLOCK => block.append(outlines),
            last => {
                if let Some((_, full)) = last {
                    full.shrink_to_fit();
                }
                let first = self.len();
                let mut block = Outlines::default();
                block.append(outlines);
                self.blocks.push((first, block));
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |(first, block)| first + block.len())
    }

    /// The tenant at a place.
    pub(super) fn of(&self, at: At) -> Option<Outline<'_>> {
        let tenant = at.tenant as usize;
        let block = self.blocks.partition_point(|(first, _)| *first <= tenant).checked_sub(1)?;
        let (first, block) = self.blocks.get(block)?;
        block.tenant(tenant - first)
    }

    /// The id of the tenant at a place.
    pub(super) fn id(&self, at: At) -> &str {
        self.of(at).map_or("", Outline::id)
    }

    /// The id of the account at a place.
    pub(super) fn account_id(&self, at: At) -> &str {
        self.of(at).map_or("", |outline| outline.account_id(at.number))
    }

    /// The id of the credential at a place.
    pub(super) fn credential_id(&self, at: At) -> &str {
        self.of(at).and_then(|outline| outline.credential(at.number)).map_or("", |credential| &credential.id)
    }

    /// What few tenants have, with their numbers.
    pub(super) fn more(&self) -> impl Iterator<Item = (u32, &More)> {
        self.blocks.iter().flat_map(|(first, block)| {
            let first = small(*first);
            block.more().map(move |(tenant, more)| (tenant.saturating_add(first), more))
        })
    }

    /// Takes what was found, with the numbers of the tenants.
    pub(super) fn take_found(&mut self) -> Vec<(u32, Vec<Found>)> {
        let all = self.blocks.iter_mut().flat_map(|(first, block)| {
            let first = small(*first);
            block.take_found().map(move |(tenant, found)| (tenant.saturating_add(first), found))
        });
        all.filter(|(_, found)| !found.is_empty()).collect()
    }
}

/// A block with as many octets of texts is full: little is moved while it fills, and few blocks are searched.
const BLOCK: usize = 1 << 20;
