//! Events of allowlists.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::net::IpRange;
use crate::policy::{Allowlist, AllowlistEntry};
use crate::request::Channel;

use super::super::{AllowlistScope, Desk, Event, Machine, UnfitKind};
use super::step;

impl Desk {
    pub(super) fn apply_allowlist(&mut self, event: &Event) -> Result<(), UnfitKind> {
        match event {
            Event::AllowlistEntriesAdded { scope, channel, entries } => {
                step(Machine::Allowlist, self.allowlist_state(scope, *channel), event.name())?;
                let allowlists = self.known_allowlists(scope)?;
                if entries.is_empty() {
                    return Err(UnfitKind::Empty);
                }
                let old = allowlists.iter().find(|allowlist| allowlist.channel == *channel);
                let old = old.map(|allowlist| &*allowlist.entries).unwrap_or_default();
                for (index, entry) in entries.iter().enumerate() {
                    let earlier = entries.iter().take(index).chain(old);
                    if earlier.into_iter().any(|earlier| earlier.range == entry.range) {
                        return Err(UnfitKind::exists("entry", entry.range));
                    }
                }
                match allowlists.iter_mut().find(|allowlist| allowlist.channel == *channel) {
                    Some(allowlist) => allowlist.entries.extend(entries.iter().cloned()),
                    None => allowlists.push(Allowlist { channel: *channel, entries: entries.clone() }),
                }
            }
            Event::RemarkEdited { scope, channel, entry, remark } => {
                let entries = self.known_entries(scope, *channel)?;
                match entries.iter_mut().find(|other| other.range == *entry) {
                    Some(other) => other.remark.clone_from(remark),
                    None => return Err(UnfitKind::unknown("entry", entry)),
                }
            }
            Event::AllowlistEntryDeleted { scope, channel, entry } => {
                step(Machine::Allowlist, self.allowlist_state(scope, *channel), event.name())?;
                delete(self.known_entries(scope, *channel)?, entry)?;
            }
            Event::AllowlistClosed { scope, channel, .. } => {
                step(Machine::Allowlist, self.allowlist_state(scope, *channel), event.name())?;
                self.known_allowlists(scope)?.retain(|allowlist| allowlist.channel != *channel);
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn known_allowlists(&mut self, scope: &AllowlistScope) -> Result<&mut Vec<Allowlist>, UnfitKind> {
        let (what, id) = match scope {
            AllowlistScope::Account(id) => ("account", id),
            AllowlistScope::Credential(id) => ("credential", id),
            AllowlistScope::Tenant(id) => ("tenant", id),
        };
        self.allowlists_mut(scope).ok_or_else(|| UnfitKind::unknown(what, id))
    }

    fn known_entries(
        &mut self,
        scope: &AllowlistScope,
        channel: Channel,
    ) -> Result<&mut Vec<AllowlistEntry>, UnfitKind> {
        let allowlist = self.known_allowlists(scope)?.iter_mut().find(|allowlist| allowlist.channel == channel);
        allowlist
            .map(|allowlist| &mut allowlist.entries)
            .ok_or_else(|| UnfitKind::unknown("allowlist", channel.name().to_string()))
    }
}

/// Deletes an entry; the last one goes with its allowlist only.
fn delete(entries: &mut Vec<AllowlistEntry>, range: &IpRange) -> Result<(), UnfitKind> {
    let at = entries.iter().position(|entry| entry.range == *range).filter(|_| entries.len() > 1);
    entries.remove(at.ok_or_else(|| UnfitKind::unknown("entry beside others", range))?);
    Ok(())
}
