//! The domain entries of a tenant, by name.

use smallvec::SmallVec;

use crate::address::{Address, upwards};

use super::{Domain, Separator, Tenant};

/// The domain entries of one tenant, sorted by name; of those with one name, the first.
pub(crate) struct Entries<'p> {
    sorted: SmallVec<[&'p Domain; FEW]>,
    /// One of them includes its sub-domains.
    reaches_below: bool,
    /// One of them says what begins a sub-address.
    separates: bool,
}

impl<'p> Entries<'p> {
    /// Sorts the entries of a tenant.
    pub(crate) fn of(tenant: &'p Tenant) -> Self {
        let mut sorted: SmallVec<[&Domain; FEW]> = tenant.domains.iter().collect();
        if sorted.len() > 1 {
            sorted.sort_by(|one, other| one.name.cmp(&other.name));
            sorted.dedup_by(|later, first| later.name == first.name);
        }
        let reaches_below = sorted.iter().any(|entry| entry.subdomains);
        let separates = sorted.iter().any(|entry| entry.separator.is_some());
        Self { sorted, reaches_below, separates }
    }

    /// All of them, sorted by name.
    pub(crate) fn all(&self) -> &[&'p Domain] {
        &self.sorted
    }

    /// The number of the entry of exactly this name among all.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        let sorted = self.all();
        if sorted.len() <= FEW {
            return sorted.iter().position(|entry| entry.name.as_str() == name);
        }
        sorted.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()
    }

    /// The entry in force of exactly this name, and the closest one above it that includes its sub-domains.
    pub(crate) fn in_force(&self, name: &str) -> [Option<&'p Domain>; 2] {
        self.in_force_of(self.number(name), name)
    }

    /// The same for a name whose entry, if there is one, has this number.
    pub(crate) fn in_force_of(&self, number: Option<usize>, name: &str) -> [Option<&'p Domain>; 2] {
        let numbered = |number: usize| self.all().get(number).copied().filter(|entry| entry.is_in_force());
        let exact = number.and_then(numbered);
        if !self.reaches_below {
            return [exact, None];
        }
        let mut above = upwards(name).skip(1).filter_map(|name| self.number(name).and_then(numbered));
        [exact, above.find(|entry| entry.subdomains)]
    }

    /// Whether one of them says what begins a sub-address.
    pub(crate) fn separate(&self) -> bool {
        self.separates
    }

    /// Returns the separator of the verified active entry for the address's domain (docs/semantics.md 4.1).
    pub(crate) fn separator(&self, address: &Address) -> Option<Separator> {
        if !self.separates {
            return None;
        }
        let [exact, above] = self.in_force(address.domain());
        exact.or(above)?.separator
    }
}

/// As many are looked through one by one, and kept without an allocation.
const FEW: usize = 4;
