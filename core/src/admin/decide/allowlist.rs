//! Commands of allowlists.

use alloc::vec::Vec;

use crate::net::IpRange;
use crate::policy::{Allowlist, AllowlistEntry};
use crate::request::Channel;

use super::super::{AllowlistScope, ClosedBy, Command, Desk, Event, NewEntry, Refusal, Warning};
use super::{Context, confirmed};

impl Context<'_> {
    pub(super) fn allowlist(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::AddAllowlistEntries { scope, channel, entries } => {
                self.add_entries(desk, scope, *channel, entries)?
            }
            Command::EditRemark { scope, channel, entry, remark } => {
                known(on(desk, scope, *channel)?, entry)?;
                let (scope, remark) = (scope.clone(), remark.clone());
                Event::RemarkEdited { scope, channel: *channel, entry: *entry, remark }
            }
            Command::DeleteAllowlistEntry { scope, channel, entry } => {
                let allowlist = on(desk, scope, *channel)?;
                known(allowlist, entry)?;
                let left: Vec<&AllowlistEntry> =
                    allowlist.entries.iter().filter(|other| other.range != *entry).collect();
                if left.is_empty() {
                    self.step_up()?;
                    Event::AllowlistClosed { scope: scope.clone(), channel: *channel, by: ClosedBy::LastDeleted }
                } else {
                    for other in left.iter().filter(|other| overlap(entry, &other.range)) {
                        self.warnings.push(Warning::StillCovered { entry: *entry, other: other.range });
                    }
                    self.warn_locked_out(left.into_iter().map(|entry| entry.range));
                    Event::AllowlistEntryDeleted { scope: scope.clone(), channel: *channel, entry: *entry }
                }
            }
            Command::DisableAllowlist { scope, channel, confirmed: is_confirmed } => {
                on(desk, scope, *channel)?;
                confirmed(*is_confirmed)?;
                self.step_up()?;
                Event::AllowlistClosed { scope: scope.clone(), channel: *channel, by: ClosedBy::Disabled }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }

    fn add_entries(
        &mut self,
        desk: &Desk,
        scope: &AllowlistScope,
        channel: Channel,
        entries: &[NewEntry],
    ) -> Result<Event, Refusal> {
        if !desk.allowlists_entitled {
            return Err(Refusal::NotEntitled {});
        }
        let first = entries.first().ok_or(Refusal::EmptyBatch {})?;
        if entries.iter().any(|entry| entry.form != first.form) {
            return Err(Refusal::MixedForms {});
        }
        let old = desk.allowlist(scope, channel).map(|allowlist| &*allowlist.entries).unwrap_or_default();
        let mut all: Vec<IpRange> = old.iter().map(|entry| entry.range).collect();
        for NewEntry { range, .. } in entries {
            if all.contains(range) {
                return Err(Refusal::EntryExists { entry: *range });
            }
            for other in all.iter().filter(|other| overlap(range, other)) {
                self.warnings.push(Warning::EntriesOverlap { entry: *range, other: *other });
            }
            all.push(*range);
        }
        let limit = desk.allowlist_entries;
        if usize::try_from(limit).is_ok_and(|limit| all.len() > limit) {
            return Err(Refusal::TooManyEntries { limit });
        }
        self.warn_locked_out(all.into_iter());
        let entries = entries.iter().map(|entry| AllowlistEntry { range: entry.range, remark: entry.remark.clone() });
        Ok(Event::AllowlistEntriesAdded { scope: scope.clone(), channel, entries: entries.collect() })
    }

    fn warn_locked_out(&mut self, mut ranges: impl Iterator<Item = IpRange>) {
        if self.own_ip().is_some_and(|ip| !ranges.any(|range| range.contains(ip))) {
            self.warnings.push(Warning::OwnAddressNotCovered);
        }
    }
}

fn on<'d>(desk: &'d Desk, scope: &AllowlistScope, channel: Channel) -> Result<&'d Allowlist, Refusal> {
    desk.allowlist(scope, channel).ok_or(Refusal::AllowlistOff {})
}

fn known(allowlist: &Allowlist, range: &IpRange) -> Result<(), Refusal> {
    let listed = allowlist.entries.iter().any(|entry| entry.range == *range);
    if listed { Ok(()) } else { Err(Refusal::UnknownEntry { entry: *range }) }
}

fn overlap(one: &IpRange, other: &IpRange) -> bool {
    one.contains(other.first()) || other.contains(one.first())
}
