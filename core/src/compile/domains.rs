//! The domains of a tenant.

use alloc::vec::Vec;
use core::mem;

use smallvec::SmallVec;

use crate::policy::{CaseRule, DomainStatus, Names};
use crate::snapshot::build::filling;
use crate::snapshot::hash::Hash;
use crate::snapshot::layout::{Accounts, Run, Word, small};
use crate::snapshot::rows::{domain, holding};

use super::page::{PageWriter, flag};

/// Where domains stand.
pub(super) type Words = SmallVec<[Word; FEW_DOMAINS]>;

impl PageWriter<'_, '_> {
    /// Writes the domains, and returns the word of each.
    pub(super) fn domains(&mut self) -> (Run, Words) {
        let entries = self.entries.all();
        let count = entries.len();
        let senders: SmallVec<[Accounts; FEW_DOMAINS]> =
            entries.iter().map(|domain| self.senders(&domain.senders)).collect();
        let start = self.writer.here();
        let mut words = Words::with_capacity(count);
        for (domain, senders) in entries.iter().zip(senders) {
            let name = domain.name.as_str();
            words.push(self.writer.here());
            let flags = flag(domain.is_verified(), domain::VERIFIED)
                | flag(domain.status == DomainStatus::Suspended, domain::SUSPENDED)
                | flag(domain.active, domain::ACTIVE)
                | flag(domain.approved, domain::APPROVED)
                | flag(matches!(domain.senders, Names::Any), domain::ANY_SENDER)
                | flag(domain.subdomains, domain::SUBDOMAINS)
                | flag(domain.case == CaseRule::Exact, domain::EXACT_CASE)
                | flag(domain.covers_mailboxes, domain::COVERS_MAILBOXES)
                | flag(senders.own.count != 0, domain::HAS_OWN)
                | flag(senders.others.count != 0, domain::HAS_OTHERS)
                | flag(domain.since.is_some(), domain::HAS_SINCE);
            let usable = domain.is_in_force() && (domain.approved || !self.tenant.approval_required);
            let names_somebody = flags & (domain::ANY_SENDER | domain::HAS_OWN | domain::HAS_OTHERS) != 0;
            self.holdings |= flag(usable && names_somebody, holding::DOMAIN);
            let separator = domain.separator.map_or(0, |separator| separator as u32);
            self.writer.word(flags | separator << 16 | small(name.len()) << 24);
            self.writer.octets(&[name.as_bytes()]);
            [senders.own, senders.others].into_iter().filter(|run| run.count != 0).for_each(|run| self.writer.run(run));
            if let Some(since) = domain.since {
                self.writer.seconds(since.0);
            }
        }
        (Run { start, count: small(count) }, words)
    }

    /// Writes the table of the domains by name, which stand at these words.
    pub(super) fn domain_index(&mut self, words: &[Word]) -> Run {
        let hash = |name: &str| Hash::of(self.hasher, name.as_bytes());
        let names = self.entries.all().iter().map(|entry| hash(entry.name.as_str()));
        filling::write(&mut self.writer, (words.len(), names.zip(words.iter().map(|&word| [word]))))
    }

    /// Writes the domains that only an entry above proves, with what that would give.
    pub(super) fn above(&mut self) -> Run {
        let above = mem::take(&mut self.above);
        let names: Vec<Run> = above
            .keys()
            .map(|name| Run { start: self.writer.octets(&[name.as_bytes()]), count: small(name.len()) })
            .collect();
        let start = self.writer.here();
        for (&holdings, name) in above.values().zip(&names) {
            self.writer.word(holdings);
            self.writer.run(*name);
        }
        Run { start, count: small(names.len()) }
    }
}

/// Most tenants have no more: they need no allocation.
const FEW_DOMAINS: usize = 4;
