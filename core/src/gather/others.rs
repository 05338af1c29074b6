//! What other accounts and tenants have to do with the address (docs/semantics.md 4.9, 5.1).

use core::ops::ControlFlow;

use crate::address::octet;
use crate::observer::{Note, Observer};
use crate::snapshot::claims::Sought;
use crate::snapshot::compare::Separators;
use crate::snapshot::entry::{Claimed, Link, link};
use crate::snapshot::keys::{self, Table, apart, reaching};
use crate::snapshot::layout::{Read, Word};
use crate::snapshot::page::{PageView, rule};
use crate::snapshot::root::{Links, reaches};
use crate::snapshot::rows::{AccountRow, DomainRow, account, domain, tenant};

use super::{AddressFacts, Fact, Gatherer};

impl<O: Observer, const UNDISPUTED: bool> Gatherer<'_, '_, O, UNDISPUTED> {
    #[inline]
    pub(super) fn others(&mut self, named: Option<DomainRow<'_>>) -> Read<()> {
        let named = named.map(|row| row.0.word);
        let (root, target) = (&self.asker.root, self.target);
        let mut separators = Separators::default();
        let home = root.home::<2>(root.head()?.domain_index(), target.domain_hash())?;
        if let Some(words) = home.first() {
            self.domain_found(link(words), named, &mut separators)?;
        }
        if home.has_more() {
            self.domains_found_further(named, &mut separators)?;
        }
        if root.has_subdomains()? {
            self.domains_reaching(&mut separators)?;
        }
        let own = self.own_rule().separators;
        let (mut last, mut read) = (None, 0);
        root.claims(target, (own, separators), Sought::Counted, |claimed, base| {
            self.mailbox(claimed, base, &mut last)?;
            read += 1;
            let is_enough = self.knows_mailboxes() && (O::IS_BLIND || read >= NAMED);
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    #[inline(never)]
    fn domains_found_further(&mut self, named: Option<Word>, separators: &mut Separators) -> Read<()> {
        let (root, hash) = (&self.asker.root, self.target.domain_hash());
        let index = root.head()?.domain_index();
        let mut links = root.further::<2>(Table::Domains, index, hash)?;
        let mut read = 0;
        let mut is_enough = self.domains_found(&mut links, named, &mut read, separators)?;
        // Where nothing has changed, enough for a decision stand under the name before any stands apart, unless other names have
        // its hash.
        if !is_enough && root.has_apart()? {
            let mut links = root.links::<2>(Table::Domains, index, apart(hash))?;
            is_enough = self.domains_found(&mut links, named, &mut read, separators)?;
        }
        if is_enough {
            *separators = separators.union(root.separators_named(self.target.domain, hash)?);
        }
        Ok(())
    }

    /// Enters entries that are found under the address's domain, and tells whether further ones could add nothing but a separator.
    fn domains_found(
        &mut self,
        links: &mut Links<'_, 2>,
        named: Option<Word>,
        read: &mut u32,
        separators: &mut Separators,
    ) -> Read<bool> {
        while let Some(link) = links.next()? {
            self.domain_found(link, named, separators)?;
            *read += 1;
            if self.knows_holders(*read) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Enters an entry that is found under the address's domain, if it is of this name.
    #[inline(always)]
    fn domain_found(&mut self, link: Link, named: Option<Word>, separators: &mut Separators) -> Read<()> {
        if link.page != self.asker.link.page {
            return self.domain_elsewhere(link, separators);
        }
        // Of its own ones it is known which has this name, and what separator that gives.
        self.facts.enter_if(named == Some(link.record), Fact::Hosted);
        Ok(())
    }

    /// Enters another tenant's entry that is found under the address's domain, if it is of this name.
    #[inline(never)]
    fn domain_elsewhere(&mut self, link: Link, separators: &mut Separators) -> Read<()> {
        let row: DomainRow<'_> = self.asker.root.page(link.page)?.record(link.record)?;
        if octet::same(row.name()?, self.target.domain) {
            self.domain_over(link.page, row, separators);
        }
        Ok(())
    }

    /// Enters entries that have the address in their scope because they include their sub-domains.
    #[inline(never)]
    fn domains_reaching(&mut self, separators: &mut Separators) -> Read<()> {
        let (root, index) = (self.asker.root, self.asker.root.head()?.domain_index());
        for (name, hash) in self.target.above() {
            let (mut read, mut is_enough) = (0, false);
            root.each::<2>(Table::Domains, index, reaching(hash), |Link { page, record }| {
                let row: DomainRow<'_> = root.page(page)?.record(record)?;
                if row.flags() & domain::SUBDOMAINS != 0 && octet::same(row.name()?, name) {
                    self.domain_over(page, row, separators);
                }
                read += 1;
                is_enough = self.knows_holders(read);
                Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            if is_enough {
                // Some may be of entries that do not include their sub-domains: then more is looked up, and nothing else found.
                *separators = separators.union(root.separators_named(name, hash)?);
            }
        }
        Ok(())
    }

    /// Whether further entries of a name of which so many were read could add nothing but a separator.
    #[inline]
    const fn knows_holders(&self, read: u32) -> bool {
        read >= if O::IS_BLIND { FEW } else { NAMED }
            && self.facts.has(Fact::Hosted)
            && self.facts.has(Fact::DomainOfAnotherTenant)
    }

    fn domain_over(&mut self, page: u32, row: DomainRow<'_>, separators: &mut Separators) {
        *separators = separators.union(rule(Some(row)).separators);
        self.facts.enter(Fact::Hosted);
        if page != self.asker.link.page {
            self.facts.enter(Fact::DomainOfAnotherTenant);
            self.observer.note(|| Note::DomainHeld { row });
        }
    }

    /// Enters an account's own address that was found by the first octets of this one, if it counts and they are one in
    /// widest form; `last` is what [`Self::proves`] found last.
    #[inline(never)]
    fn mailbox(&mut self, claimed: Claimed, base: &[u8], last: &mut Option<(u32, bool)>) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        let Claimed { link, above } = claimed;
        if above && *last == Some((link.page, false)) {
            return Ok(());
        }
        let page = asker.root.page(link.page)?;
        let other: AccountRow<'_> = page.record(link.record)?;
        // Those that cannot count are not asked for, but may be found by chance.
        if other.flags() & (account::COUNTED | account::COUNTED_ABOVE) == 0
            || !octet::same(other.domain()?, target.domain)
            || above && !self.proves((page, link.page), last)?
        {
            return Ok(());
        }
        let own = other.local()?;
        let same_tenant = link.page == asker.link.page;
        let theirs = if same_tenant { self.own_rule() } else { rule(page.closest(target)?) };
        let separators = theirs.separators.union(self.own_rule().separators);
        // One that is found under several keys is entered once.
        let widest = separators.base(target.local);
        if widest.len() != base.len() || !octet::same_but_for_case(widest, separators.base(own)) {
            return Ok(());
        }
        self.facts.enter(Fact::Hosted);
        if link == asker.link {
            return Ok(());
        }
        let consent = self.opens(own);
        let theirs = !same_tenant && !consent && !self.facts.has(Fact::Consent);
        self.facts.enter_if(theirs, Fact::OwnOfAnotherTenant);
        let opened = consent || same_tenant && self.covers_mailboxes();
        self.facts.enter_if(!opened, Fact::Protected);
        self.observer.note(|| Note::Protected { account: other, same_tenant, opened });
        Ok(())
    }

    /// Whether an entry of this page above the address reaches it: asked once for own addresses of one page that are
    /// found one behind the other.
    fn proves(&self, (page, number): (PageView<'_>, u32), last: &mut Option<(u32, bool)>) -> Read<bool> {
        match *last {
            Some((of, proves)) if of == number => Ok(proves),
            _ => {
                let proves = reaches(self.asker.root, page, number, self.target)?;
                *last = Some((number, proves));
                Ok(proves)
            }
        }
    }

    /// Whether everything is known that another own address could add.
    #[inline]
    const fn knows_mailboxes(&self) -> bool {
        let facts = self.facts;
        facts.has(Fact::Hosted)
            && facts.has(Fact::Protected)
            // Whose owner consented to exactly the address is not another's.
            && facts.has_any(const { AddressFacts::of(&[Fact::OwnOfAnotherTenant, Fact::Consent]) })
    }

    /// Whether the account may use an identity with consent that is this own address: the one that is asked for, or
    /// what that is a sub-address of.
    fn opens(&self, own: &[u8]) -> bool {
        let local = self.target.local;
        let is_exact = self.facts.has(Fact::Consent) && own.len() == local.len();
        (is_exact || self.consented.has(own.len()))
            && local.get(..own.len()).is_some_and(|start| octet::same_but_for_case(start, own))
    }

    /// Whether the tenant's closest entry is usable and opens the tenant's own mailboxes (docs/semantics.md 4.9).
    fn covers_mailboxes(&self) -> bool {
        let has = |flag: u32| self.closest & flag != 0;
        has(domain::COVERS_MAILBOXES) && (has(domain::APPROVED) || !self.asker.page.has(tenant::APPROVAL_REQUIRED))
    }
}

/// How many entries of a domain are read before it is asked for separators alone.
const FEW: u32 = 8;
const _: () = assert!(FEW <= keys::FEW, "a decision would need what stands apart");
/// How many entries of a domain, and own addresses that are one with the address, are read for an explanation, which names them.
const NAMED: u32 = 64;

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::*;
    use crate::address::CanonicalView;
    use crate::gather::{Depth, gather};
    use crate::locate::Asker;
    use crate::options::Options;
    use crate::policy::{Account, DomainStatus, Names, Policy, Proof, Separator, Tenant};
    use crate::request::{Channel, Request};
    use crate::samples::{self, account, compiled, damaged, domain, verified};
    use crate::snapshot::Snapshot;
    use crate::snapshot::hash::ALL_ALIKE;
    use crate::snapshot::target::Target;
    use crate::time::{Clock, Timestamp};

    /// Counts the own addresses and domains of others that a decision looks at.
    struct Counting(usize);

    impl Observer for Counting {
        const IS_BLIND: bool = true;

        fn note<'s>(&mut self, note: impl FnOnce() -> Note<'s>) {
            self.0 += usize::from(matches!(note(), Note::Protected { .. } | Note::DomainHeld { .. }));
        }

        fn depth(proof: Proof) -> Depth {
            Depth::Enough(proof)
        }
    }

    /// A tenant that has an entry for `a.example`.
    fn tenant(id: &str, separator: Option<Separator>) -> Tenant {
        let mut entry = verified("a.example");
        (entry.senders, entry.separator) = (Names::Any, separator);
        samples::tenant(id, entry)
    }

    #[test]
    fn a_decision_looks_at_few_of_many_own_addresses_that_are_one() {
        let (mut asking, mut many) = (tenant("asking", Some(Separator::Plus)), tenant("many", None));
        asking.accounts.push(Account::new("alice"));
        many.accounts.extend((0..1_000).map(|number| Account::numbered("account", ("joe", "a.example"), number)));
        let snapshot = compiled([asking, many]);
        for local in ["joe", "joe+x", "joe+7"] {
            let (facts, read) = gathered(&snapshot, (local, "a.example"));
            let found = [Fact::Hosted, Fact::Protected, Fact::OwnOfAnotherTenant].map(|fact| facts.has(fact));
            assert_eq!((found, read < 4), ([true; 3], true), "{read} of `{local}`");
        }
    }

    #[test]
    fn a_decision_looks_at_few_of_many_entries_of_a_domain_and_knows_their_separators() {
        let mut asking = tenant("asking", None);
        asking.accounts.push(Account::new("alice"));
        let others = (0..500).map(|number| tenant(&format!("other-{number}"), None));
        // The last of all gives another separator.
        let mut last = tenant("zoe", Some(Separator::Hyphen));
        last.accounts.push(account("joe", "joe@a.example"));
        let snapshot = compiled(others.chain([asking, last]));
        for (local, is_protected) in [("joe", true), ("joe-x", true), ("joe+x", false), ("ann", false)] {
            let (facts, read) = gathered(&snapshot, (local, "a.example"));
            let found = [Fact::Hosted, Fact::DomainOfAnotherTenant, Fact::OwnProof].map(|fact| facts.has(fact));
            assert_eq!((found, facts.has(Fact::Protected)), ([true; 3], is_protected), "{local}");
            assert!(read < 20, "{read} of `{local}`");
        }
    }

    #[test]
    fn an_entry_that_stands_apart_because_others_have_its_hash_is_found() {
        let suspended = |id: &str, name: &str| samples::tenant(id, domain(name, DomainStatus::Suspended));
        for many in [7, 8, 100] {
            let mut policy = Policy::default();
            let mut asking = tenant("asking", None);
            asking.accounts.push(Account::new("alice"));
            policy.tenants.push(asking);
            policy.tenants.extend((0..many).map(|number| suspended(&format!("crowd-{number}"), "crowd.example")));
            policy.tenants.push(suspended("victim", "victim.example"));
            let snapshot = Snapshot::compile(&policy, &Options::new(ALL_ALIKE)).expect("a sound policy");
            let (facts, _) = gathered(&snapshot, ("joe", "victim.example"));
            let found = [Fact::Hosted, Fact::DomainOfAnotherTenant].map(|fact| facts.has(fact));
            assert_eq!(found, [true; 2], "{many}");
        }
    }

    #[test]
    fn a_decision_looks_at_few_of_many_entries_above_and_knows_their_separators() {
        for all_reach in [true, false] {
            let reaching = |id: &str, separator: Option<Separator>, reaches: bool| {
                let mut tenant = tenant(id, separator);
                tenant.domains[0].subdomains = reaches;
                tenant
            };
            let mut asking = reaching("asking", None, true);
            asking.accounts.push(Account::new("alice"));
            let others = (0..2_000).map(|number| reaching(&format!("other-{number:04}"), None, all_reach));
            // The last of all gives another separator.
            let mut last = reaching("zoe", Some(Separator::Hyphen), true);
            last.accounts.push(account("joe", "joe@sub.a.example"));
            let opened = damaged(&compiled(others.chain([asking, last])), "other-1000");
            for (local, is_protected) in [("joe", true), ("joe-x", true), ("joe+x", false), ("ann", false)] {
                let (facts, read) = gathered(&opened, (local, "sub.a.example"));
                let found = [Fact::Hosted, Fact::DomainOfAnotherTenant, Fact::OwnProof].map(|fact| facts.has(fact));
                assert_eq!((found, facts.has(Fact::Protected)), ([true; 3], is_protected), "{local}");
                assert!(read < 20, "{read} of `{local}`");
            }
        }
    }

    /// A tenant that would prove its own address at `sub.a.example`, and has verified that too, unless that would make it count by itself.
    fn claiming(id: &str, local: &str, is_proved: bool) -> Tenant {
        let mut claiming = tenant(id, None);
        claiming.domains[0].subdomains = true;
        if is_proved {
            let mut entry = verified("sub.a.example");
            entry.active = false;
            claiming.domains.push(entry);
        }
        claiming.accounts.push(account(id, &format!("{local}@sub.a.example")));
        claiming
    }

    #[test]
    fn a_decision_looks_at_few_of_many_own_addresses_that_nothing_reaches() {
        let mut entry = verified("sub.a.example");
        (entry.senders, entry.separator) = (Names::Any, Some(Separator::Plus));
        let mut asking = samples::tenant("asking", entry);
        asking.accounts.push(Account::new("alice"));
        let name = |number: u32| format!("other-{number:04}");
        let others = (0..2_000).map(|number| claiming(&name(number), &format!("joe+{number}"), false));
        let mut tenants: Vec<Tenant> = others.chain([asking]).collect();
        let opened = |tenants: &[Tenant]| damaged(&compiled(tenants), "other-1000");
        let last = claiming("zoe", "joe+zoe", true);
        let nobody = opened(&tenants);
        let added = nobody.replace_tenant(&last).expect("a sound tenant");
        let removed = added.remove_tenant("zoe").expect("nothing depends on it");
        tenants.push(last);
        let built = opened(&tenants);
        let gone = built.remove_tenant("zoe").expect("nothing depends on it");
        // Those that stand under the key are gone.
        let remaining = (0..12).fold(built.clone(), |snapshot, number| {
            snapshot.remove_tenant(&name(number)).expect("nothing depends on it")
        });
        for (snapshot, is_protected) in
            [(nobody, false), (added, true), (removed, false), (built, true), (gone, false), (remaining, true)]
        {
            for local in ["joe", "joe+z"] {
                let (facts, _) = gathered(&snapshot, (local, "sub.a.example"));
                let found = [Fact::Protected, Fact::OwnOfAnotherTenant].map(|fact| facts.has(fact));
                assert_eq!(found, [is_protected; 2], "{local}");
            }
        }
    }

    #[test]
    fn what_many_claim_is_claimed_although_it_does_not_count() {
        let name = |number: u32| format!("other-{number:02}");
        let others = (0..40).map(|number| claiming(&name(number), &format!("joe+{number}"), false));
        let mut snapshot = compiled(others.chain([samples::tenant("asking", verified("sub.a.example"))]));
        // One after the other goes, those first that stand where they are looked for first.
        for number in 0..40 {
            let claims = |local: &str| {
                let mut new = claiming("new", local, true);
                new.domains[0].separator = Some(Separator::Plus);
                snapshot.replace_tenant(&new).is_ok()
            };
            assert_eq!(["joe", "joe+x", "john"].map(claims), [false, false, true]);
            // Its own are nobody else's.
            let mut first = claiming(&name(number), "joe", false);
            first.domains[0].separator = Some(Separator::Plus);
            assert_eq!(snapshot.replace_tenant(&first).is_ok(), number == 39);
            snapshot = snapshot.remove_tenant(&name(number)).expect("nothing depends on it");
        }
        assert!(snapshot.replace_tenant(&claiming("new", "joe", true)).is_ok());
    }

    /// What a decision knows of an address for alice, and how much of others it looked at.
    fn gathered(snapshot: &Snapshot, (local, domain): (&str, &str)) -> (AddressFacts, usize) {
        let (mut request, clock) = (Request::new(Channel::Smtp, Timestamp(0)), Clock::new(Timestamp(0)));
        request.account = Some(b"alice");
        let root = snapshot.root();
        let asker = Asker::locate(&root, &request, &clock).expect("it is sound").expect("an account");
        let address = CanonicalView { local: local.as_bytes(), domain: domain.as_bytes() };
        let mut counting = Counting(0);
        let facts = gather(&asker, &Target::new(asker.root.hasher, address), Depth::Everything, &mut counting);
        (facts.expect("it is sound"), counting.0)
    }
}
