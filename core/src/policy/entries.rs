//! The domain entries of a tenant, by name.

use alloc::vec::Vec;

use crate::address::{Address, upwards};

use super::{Domain, Separator, Tenant};

/// The domain entries of one tenant, sorted by name; of those with one name, the first.
pub(crate) struct Entries<'p> {
    sorted: Vec<&'p Domain>,
    /// One of them includes its sub-domains.
    reaches_below: bool,
    /// One of them says what begins a sub-address.
    separates: bool,
}

impl<'p> Entries<'p> {
    /// Sorts the entries of a tenant.
    pub(crate) fn of(tenant: &'p Tenant) -> Self {
        let mut sorted: Vec<&Domain> = tenant.domains.iter().collect();
        sorted.sort_by(|one, other| one.name.cmp(&other.name));
        sorted.dedup_by(|later, first| later.name == first.name);
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
        self.sorted.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()
    }

    /// The entry in force of exactly this name, and the closest one above it that includes its sub-domains.
    pub(crate) fn in_force(&self, name: &str) -> [Option<&'p Domain>; 2] {
        let named = |name: &str| self.sorted.get(self.number(name)?).copied().filter(|entry| entry.is_in_force());
        if !self.reaches_below {
            return [named(name), None];
        }
        let mut names = upwards(name);
        let exact = names.next().and_then(named);
        [exact, names.filter_map(named).find(|entry| entry.subdomains)]
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
