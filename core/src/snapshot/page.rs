//! A compiled tenant, and the look-ups within it.

use core::net::IpAddr;

use crate::policy::{Alignment, NameCheck, OnDeny, Proof, Strength};
use crate::request::Channel;
use crate::time::Clock;

use super::compare::{Rule, Separators};
use super::hash::Hash;
use super::index::Rounds;
use super::layout::{Accounts, Bytes, Damaged, Read, Run, Word, Words};
use super::row::{Record, Row};
use super::rows::{
    AccountRow, AllowlistRow, DomainRow, FourRow, HEAD, SixRow, TenantRow, TextRow, domain, mode, tenant,
};
use super::target::Target;

/// Look-ups within one page.
#[derive(Clone, Copy)]
pub(crate) struct PageView<'p> {
    bytes: Bytes<'p>,
    head: Words<'p, HEAD>,
}

impl<'p> PageView<'p> {
    /// A view of octets that are a page.
    #[inline]
    pub(crate) fn new(octets: &'p [u8]) -> Read<Self> {
        let bytes = Bytes(octets);
        Ok(Self { bytes, head: bytes.words(0)? })
    }

    /// The head of the page.
    #[inline]
    pub(crate) fn head(self) -> TenantRow<'p> {
        TenantRow::standing(self.bytes, self.head)
    }

    /// The record at a word.
    #[inline]
    pub(crate) fn record<R: Record<'p>>(self, word: Word) -> Read<R> {
        R::at(self.bytes, word)
    }

    /// The entry of exactly this name.
    #[inline(always)]
    pub(crate) fn domain_named(&self, name: &[u8], hash: impl FnOnce() -> Hash) -> Read<Option<DomainRow<'p>>> {
        let Run { start: mut word, count } = self.head().domains();
        if count > FEW {
            return self.domain_indexed(name, hash());
        }
        for _ in 0..count {
            let row: DomainRow<'_> = self.record(word)?;
            if row.is_named(name)? {
                return Ok(Some(row));
            }
            word = word.wrapping_add(row.size());
        }
        Ok(None)
    }

    #[inline(never)]
    fn domain_indexed(&self, name: &[u8], hash: Hash) -> Read<Option<DomainRow<'p>>> {
        // The page was checked as a whole before, so that no block is asked for.
        let mut rounds = Rounds::start(self.bytes, self.head().domain_index()?, hash, None)?;
        while let Some([word]) = rounds.next()? {
            let row: DomainRow<'_> = self.record(word)?;
            if row.name()? == name {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Calls `visit` with each entry above this domain, the closest first.
    pub(crate) fn domains_above(
        self,
        target: &Target<'_>,
        mut visit: impl FnMut(DomainRow<'p>) -> Read<()>,
    ) -> Read<()> {
        if self.head().domains().count == 0 {
            return Ok(());
        }
        for (name, hash) in target.above() {
            if let Some(row) = self.domain_named(name, || hash)? {
                visit(row)?;
            }
        }
        Ok(())
    }

    /// The entry of exactly the domain of the address.
    #[inline(always)]
    pub(crate) fn entry_named(&self, target: &Target<'_>) -> Read<Option<DomainRow<'p>>> {
        self.domain_named(target.domain, || target.domain_hash())
    }

    /// The verified active entry of exactly this name or, without one, the closest above it that includes its sub-domains.
    pub(crate) fn closest(self, target: &Target<'_>) -> Read<Option<DomainRow<'p>>> {
        match self.entry_named(target)? {
            Some(row) if row.is_in_force() => Ok(Some(row)),
            _ if self.has_subdomains() => self.closest_above(target),
            _ => Ok(None),
        }
    }

    /// The closest verified active entry above this domain that includes its sub-domains.
    #[inline(never)]
    pub(crate) fn closest_above(self, target: &Target<'_>) -> Read<Option<DomainRow<'p>>> {
        let mut closest = None;
        self.domains_above(target, |row| {
            if closest.is_none() && row.flags() & domain::SUBDOMAINS != 0 && row.is_in_force() {
                closest = Some(row);
            }
            Ok(())
        })?;
        Ok(closest)
    }

    /// Whether a list of this page has an account: by its number if the page is its own, and by its id if not.
    pub(crate) fn lists_account(self, list: Accounts, account: AccountRow<'_>, own: bool) -> Read<bool> {
        if own {
            numbers(self.bytes, list.own, account.number())
        } else {
            lists(self.bytes, list.others, account.id()?)
        }
    }

    /// How strictly `sender`, `header`, `allowlist` and `credential` are applied, as this tenant alone has it.
    pub(crate) fn strengths(self, channel: Channel, clock: &Clock) -> Read<[Strength; 4]> {
        let controls = self.head().controls();
        let mut strengths = [Strength::Off; 4];
        for (of, number) in strengths.iter_mut().zip(0..) {
            *of = strength(controls >> (8 + 2 * number) & 3, || self.head().enforced_from(number), clock)?;
        }
        if controls & 1 << channel as u32 == 0 {
            let [sender, ..] = &mut strengths;
            *sender = Strength::Off;
        }
        Ok(strengths)
    }

    /// What a sender other than the own address needs.
    pub(crate) fn proof(self) -> Read<Proof> {
        let [proof, ..] = self.settings();
        Proof::ALL.get(usize::from(proof)).copied().ok_or(Damaged)
    }

    /// How From must match the envelope sender.
    pub(crate) fn alignment(self) -> Read<Alignment> {
        let [_, alignment, ..] = self.settings();
        Alignment::ALL.get(usize::from(alignment)).copied().ok_or(Damaged)
    }

    /// Which addresses in names are checked.
    pub(crate) fn names(self) -> Read<NameCheck> {
        let [_, _, names, _] = self.settings();
        NameCheck::ALL.get(usize::from(names)).copied().ok_or(Damaged)
    }

    /// What becomes of a denied message.
    pub(crate) fn on_deny(self) -> Read<OnDeny> {
        let [.., on_deny] = self.settings();
        OnDeny::ALL.get(usize::from(on_deny)).copied().ok_or(Damaged)
    }

    fn settings(self) -> [u8; 4] {
        self.head().settings().to_le_bytes()
    }

    /// Whether the tenant has this flag.
    #[inline]
    pub(crate) fn has(self, flag: u32) -> bool {
        self.head().flags() & flag != 0
    }

    /// Whether a domain of the tenant includes its sub-domains.
    pub(crate) fn has_subdomains(self) -> bool {
        self.has(tenant::HAS_SUBDOMAINS)
    }

    /// All octets of the page, and no others.
    pub(crate) fn octets(self) -> Read<&'p [u8]> {
        self.bytes.octets(0, 0, self.head().length() as usize * 4)
    }

    /// The octets behind the rows; they need not end where the page does.
    pub(crate) const fn bytes(self) -> Bytes<'p> {
        self.bytes
    }
}

/// How local parts compare under the closest entry of a tenant (docs/semantics.md 4.1).
pub(crate) fn rule(closest: Option<DomainRow<'_>>) -> Rule {
    closest.filter(|row| row.is_in_force()).map_or_else(Rule::default, |row| {
        let exact_case = row.flags() & domain::EXACT_CASE != 0;
        Rule { exact_case, separators: Separators::default().with(row.separator()) }
    })
}

/// What a mode means now; `from` is the instant from which it enforces, if it has one.
#[inline]
pub(crate) fn strength(kind: u32, from: impl FnOnce() -> Read<i64>, clock: &Clock) -> Read<Strength> {
    match kind {
        mode::OFF => Ok(Strength::Off),
        mode::MONITOR => Ok(Strength::Monitor),
        mode::ENFORCE => Ok(Strength::Enforce),
        mode::ENFORCE_FROM if clock.is_before(from()?) => Ok(Strength::Monitor),
        mode::ENFORCE_FROM => Ok(Strength::Enforce),
        _ => Err(Damaged),
    }
}

/// The most entries that are looked through one by one, which touches less memory than a table.
pub(crate) const FEW: u32 = 4;

/// Whether a sorted list of texts has this one.
pub(crate) fn lists(bytes: Bytes<'_>, run: Run, text: &[u8]) -> Read<bool> {
    let (mut low, mut high) = (0, run.count);
    while low < high {
        let middle = low + (high - low) / 2;
        match TextRow::nth(bytes, run, middle)?.text()?.cmp(text) {
            core::cmp::Ordering::Less => low = middle + 1,
            core::cmp::Ordering::Equal => return Ok(true),
            core::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// Whether a list of accounts has this number, sorted.
fn numbers(bytes: Bytes<'_>, run: Run, number: u32) -> Read<bool> {
    let (mut low, mut high) = (0, run.count);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = bytes.word(run.start.wrapping_add(middle))?;
        if found == number {
            return Ok(true);
        }
        if found < number { low = middle + 1 } else { high = middle }
    }
    Ok(false)
}

/// What the allowlists of one scope say of a client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// No list binds this channel.
    NoList,
    /// The list contains the address.
    Yes,
    /// The list does not contain the address, or there is none.
    No,
}

/// A client address, as allowlists have them.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// It is not known.
    Unknown,
    Four(u32),
    Six(u128),
}

impl Client {
    #[inline]
    pub(crate) fn of(address: Option<IpAddr>) -> Self {
        match address {
            None => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::Four(address.into()),
            Some(IpAddr::V6(address)) => Self::Six(address.into()),
        }
    }
}

/// Looks a client address up in the allowlists of one scope.
#[inline]
pub(crate) fn allowlisted(bytes: Bytes<'_>, run: Run, channel: u32, client: impl FnOnce() -> Client) -> Read<Listed> {
    if run.count == 0 { Ok(Listed::NoList) } else { listed(bytes, run, channel, client) }
}

#[inline(never)]
fn listed(bytes: Bytes<'_>, run: Run, channel: u32, client: impl FnOnce() -> Client) -> Read<Listed> {
    for number in 0..run.count {
        let list = AllowlistRow::nth(bytes, run, number)?;
        if list.channel() != channel {
            continue;
        }
        let within = match client() {
            Client::Unknown => false,
            Client::Four(client) => within(bytes, list.four(), client, |row: FourRow<'_>| (row.first(), row.last()))?,
            Client::Six(client) => within(bytes, list.six(), client, |row: SixRow<'_>| (row.first(), row.last()))?,
        };
        return Ok(if within { Listed::Yes } else { Listed::No });
    }
    Ok(Listed::NoList)
}

/// Whether one of some sorted ranges has an address.
fn within<'p, R: Row<'p>, T: Ord + Copy>(bytes: Bytes<'p>, run: Run, address: T, ends: fn(R) -> (T, T)) -> Read<bool> {
    let (mut low, mut high) = (0, run.count);
    while low < high {
        let middle = low + (high - low) / 2;
        let (first, last) = ends(R::nth(bytes, run, middle)?);
        if address < first {
            high = middle;
        } else if address > last {
            low = middle + 1;
        } else {
            return Ok(true);
        }
    }
    Ok(false)
}
