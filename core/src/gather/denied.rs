//! Whether a deny entry of the provider, the tenant or the account names the address (docs/semantics.md 4.8).

use core::iter;

use crate::address::octet;
use crate::locate::Asker;
use crate::observer::{Note, Observer};
use crate::snapshot::compare::above;
use crate::snapshot::layout::{Bytes, Read, Run};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{DenyRow, deny, tenant};

use super::{Fact, Gatherer};

impl<O: Observer, const UNDISPUTED: bool> Gatherer<'_, '_, O, UNDISPUTED> {
    #[inline]
    pub(super) fn denied(&mut self) -> Read<()> {
        let Asker { root, page, account, .. } = self.asker;
        let of_provider = root.head()?.denies();
        if of_provider.count == 0 && !page.has(tenant::HAS_DENIES) && !account.has_extra() {
            return Ok(());
        }
        self.denied_by(of_provider)
    }

    #[inline(never)]
    fn denied_by(&mut self, of_provider: Run) -> Read<()> {
        let (root, page) = (self.asker.root.bytes, self.asker.page.bytes());
        let runs =
            [(root, of_provider), (page, self.asker.page.head().denies()?), (page, self.asker.account.denies()?)];
        for (bytes, run) in runs {
            if self.one_of(bytes, run)? {
                self.facts.enter(Fact::Denied);
                self.observer.note(|| Note::Denied);
                break;
            }
        }
        Ok(())
    }

    /// Whether an entry of this run names the address.
    #[inline(always)]
    fn one_of(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        if run.count > FEW {
            return self.one_of_many(bytes, run);
        }
        for number in 0..run.count {
            if self.is_named_by(DenyRow::nth(bytes, run, number)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same where it is sooner to look for each that would.
    #[inline(never)]
    fn one_of_many(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        let (local, domain) = (self.target.local, self.target.domain);
        let separators = self.own_rule.separators;
        let names = |place: Place<'_>| match place.first_of(bytes, run)? {
            Some(row) => self.is_named_by(row),
            None => Ok(false),
        };
        for domain in above(domain) {
            if names(Place { domain, kind: deny::SUBDOMAINS, local: &[], separator: None })? {
                return Ok(true);
            }
        }
        let first = Place { domain, kind: deny::ADDRESS, local: &[], separator: None };
        let is_there = |row: DenyRow<'_>| Ok(row.domain()? == domain);
        if !first.first_of(bytes, run)?.map_or(Ok(false), is_there)? {
            return Ok(false);
        }
        // One that is for all of the domain, or one for what is one with the address: what its separator leaves of it, alone or with
        // that separator behind.
        if names(Place { kind: deny::DOMAIN, ..first })? {
            return Ok(true);
        }
        let local = separators.base(local);
        let behind = separators.iter().filter(|_| !local.is_empty()).map(Some);
        for separator in iter::once(None).chain(behind) {
            if names(Place { local, separator, ..first })? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this entry names the address.
    #[inline(always)]
    fn is_named_by(&self, row: DenyRow<'_>) -> Read<bool> {
        let (domain, name) = (self.target.domain, row.domain()?);
        if row.kind() == deny::SUBDOMAINS {
            return Ok(is_at_or_below(domain, name));
        }
        let is_there = domain.len() == name.len() && octet::same(domain, name);
        Ok(is_there && (row.kind() == deny::DOMAIN || self.has_local(row.local()?)))
    }

    /// Whether the address has this local part in widest form.
    #[inline]
    fn has_local(&self, local: &[u8]) -> bool {
        // No form is without the first octet, which tells most of them apart.
        let first = |local: &[u8]| local.first().map(u8::to_ascii_lowercase);
        first(local) == first(self.target.local) && self.has_widest(local)
    }

    #[inline(never)]
    fn has_widest(&self, local: &[u8]) -> bool {
        let widest = |local| self.own_rule.separators.base(local);
        octet::same_but_for_case(widest(local), widest(self.target.local))
    }
}

/// Whether a domain is this name, or ends with it behind a dot.
#[inline]
fn is_at_or_below(domain: &[u8], name: &[u8]) -> bool {
    let Some(before) = domain.len().checked_sub(name.len()) else { return false };
    let Some((before, end)) = domain.split_at_checked(before) else { return false };
    before.last().is_none_or(|last| *last == b'.') && octet::same(end, name)
}

/// A place in a run of deny entries.
#[derive(Clone, Copy)]
struct Place<'a> {
    domain: &'a [u8],
    kind: u32,
    /// How the local part begins, and what stands behind that.
    local: &'a [u8],
    separator: Option<u8>,
}

impl Place<'_> {
    /// The first entry that does not stand before it.
    fn first_of<'p>(&self, bytes: Bytes<'p>, run: Run) -> Read<Option<DenyRow<'p>>> {
        let (mut low, mut high) = (0, run.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.is_behind(DenyRow::nth(bytes, run, middle)?)? { low = middle + 1 } else { high = middle }
        }
        if low < run.count { DenyRow::nth(bytes, run, low).map(Some) } else { Ok(None) }
    }

    fn is_behind(&self, row: DenyRow<'_>) -> Read<bool> {
        let folded = |octet: &u8| octet.to_ascii_lowercase();
        let place = (row.domain()?, row.kind()).cmp(&(self.domain, self.kind));
        let local = row.local()?.iter().map(folded);
        Ok(place.then_with(|| local.cmp(self.local.iter().chain(&self.separator).map(folded))).is_lt())
    }
}

/// The most entries that are looked through one by one.
const FEW: u32 = 16;

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use crate::address::{Address, CanonicalView, DomainName, Scope};
    use crate::gather::{Depth, Fact, gather};
    use crate::locate::Asker;
    use crate::observer::Blind;
    use crate::options::{HashKey, Options};
    use crate::policy::{Account, Deny, Policy, Separator};
    use crate::request::{Channel, Request};
    use crate::samples::{self, forged, verified};
    use crate::snapshot::Snapshot;
    use crate::snapshot::layout::{Damaged, Read};
    use crate::snapshot::row::Row;
    use crate::snapshot::rows::{DenyRow, RootRow};
    use crate::snapshot::target::Target;
    use crate::time::{Clock, Timestamp};

    /// Whether an address is denied to alice, whose tenant has `+` at `a.example`.
    fn denied(snapshot: &Snapshot, local: &str, domain: &str) -> Read<bool> {
        let (mut request, clock) = (Request::new(Channel::Smtp, Timestamp(0)), Clock::new(Timestamp(0)));
        request.account = Some(b"alice");
        let root = snapshot.root();
        let asker = Asker::locate(&root, &request, &clock)?.expect("an account");
        let address = CanonicalView { local: local.as_bytes(), domain: domain.as_bytes() };
        let target = Target::new(asker.root.hasher, address);
        Ok(gather(&asker, &target, Depth::Everything, &mut Blind)?.has(Fact::Denied))
    }

    fn compiled(scopes: impl IntoIterator<Item = Scope>) -> Snapshot {
        let mut entry = verified("a.example");
        entry.separator = Some(Separator::Plus);
        let mut tenant = samples::tenant("asking", entry);
        tenant.accounts.push(Account::new("alice"));
        let mut policy = Policy::default();
        policy.tenants.push(tenant);
        policy.provider.denies = scopes.into_iter().map(|scope| Deny { scope, note: "".into() }).collect();
        Snapshot::compile(&policy, &Options::new(HashKey([5; 16]))).expect("a sound policy")
    }

    fn address(local: &str) -> Scope {
        Scope::Address(Address::parse(&format!("{local}@a.example")).expect("an address"))
    }

    #[test]
    fn an_entry_is_found_without_all_that_are_at_the_domain() {
        let snapshot = compiled((0..2_000).map(|number| address(&format!("of{number:04}"))));
        let bytes = snapshot.root().bytes;
        let denies = RootRow::at(bytes, 0).expect("a head").denies();
        assert_eq!(denies.count, 2_000);
        // Who reads all of them finds that one leads nowhere.
        let row = DenyRow::nth(bytes, denies, 777).expect("an entry");
        let text = 4 * (row.0.word as usize + 1);
        let opened = forged(&snapshot, |octets| octets[text..text + 4].copy_from_slice(&u32::MAX.to_le_bytes()));
        for (local, is_denied) in [("of0003", true), ("OF1999", true), ("of0100+x", true), ("of", false), ("p", false)]
        {
            assert_eq!(denied(&opened, local, "a.example"), Ok(is_denied), "{local}");
        }
        assert_eq!(denied(&opened, "of0777", "a.example"), Err(Damaged));
    }

    #[test]
    fn what_many_entries_name_is_what_each_of_them_names() {
        let locals =
            ["joe", "Joe+x", "JOE+y", "joe-x", "joe.x", "jo", "joea", "+joe", "+Joe+x", "\"\"", "\"\"+x", "\"joe x\""];
        let domain = |name: &str| DomainName::parse(name).expect("a domain");
        let mut scopes: Vec<Scope> = locals
            .iter()
            .filter(|local| !local.starts_with("\"\"+"))
            .map(|local| address(local))
            .chain([Scope::Domain(domain("b.example")), Scope::Subdomains(domain("c.example"))])
            .chain([Scope::Domain(domain("x.d.example")), Scope::Subdomains(domain("d.example"))])
            .collect();
        // So many others that they are not looked through.
        let others = (0..40).map(|number| Scope::Domain(domain(&format!("of{number}.test"))));
        let many = |scopes: &[Scope]| compiled(scopes.iter().cloned().chain(others.clone()));
        let domains =
            ["a.example", "b.example", "x.b.example", "c.example", "x.c.example", "y.x.d.example", "xc.example"];
        let asked: Vec<(&str, &str)> =
            ["joe", "jOE", "joe+z", "joe-x", "joe-x+y", "jo", "joe.", "", "+joe", "+joe+z", "+", "j"]
                .into_iter()
                .flat_map(|local| domains.map(|domain| (local, domain)))
                .collect();
        while !scopes.is_empty() {
            let (one_by_one, all) = (scopes.iter().map(|scope| compiled([scope.clone()])), many(&scopes));
            let one_by_one: Vec<Snapshot> = one_by_one.collect();
            for &(local, domain) in &asked {
                let expected = one_by_one.iter().any(|one| denied(one, local, domain) == Ok(true));
                assert_eq!(denied(&all, local, domain), Ok(expected), "{local}@{domain} of {scopes:?}");
            }
            scopes.pop();
            let by = scopes.len().min(3);
            scopes.rotate_left(by);
        }
    }
}
