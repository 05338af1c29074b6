//! What must hold between a changed tenant and the others, asked of the compiled tables.
//!
//! The tenant itself is checked as a policy of its own is. What that cannot know, it reports as a problem, and here is
//! looked up whether it is one. Of the other tenants, only those are asked that something of the changed one could have
//! been missing in.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use crate::address::{Address, CanonicalView};
use crate::policy::{
    BUILT_IN_ROLES, Entries, Inherited, MAX_LEVELS, PathStep, Policy, PolicyProblem, ProblemKind, Tenant,
};

use super::claims::Sought;
use super::compare::Separators;
use super::entry::{Claimed, Link};
use super::hash::Hash;
use super::keys::Table;
use super::layout::{Damaged, Read, Run};
use super::page::{PageView, lists, rule};
use super::root::RootView;
use super::row::{Row, records};
use super::rows::{AccountRow, CredentialRow, DomainRow, IdentityRow, RoleRow, TextRow, tenant};
use super::target::Target;

/// A changed tenant among the others.
pub(super) struct Fit<'s> {
    root: RootView<'s>,
    id: &'s str,
    /// The page that it has so far.
    old: Option<u32>,
    /// The tenant as it is to be, unless it is to be gone.
    new: Option<&'s Tenant>,
    accounts: BTreeSet<&'s str>,
    /// Each with the id of the tenant that it is about; paths count it as the first one.
    problems: Vec<(String, PolicyProblem)>,
}

/// A tenant: another one by its page, or the changed one.
#[derive(Clone, Copy)]
enum Node<'s> {
    Page(u32),
    Changed(&'s Tenant),
}

impl Node<'_> {
    /// The number of its page, if it is not the changed one: that is what tells two tenants apart.
    fn number(self) -> Option<u32> {
        match self {
            Node::Page(number) => Some(number),
            Node::Changed(_) => None,
        }
    }
}

/// The roles that a tenant defines, and those below it to which identities come down: however many names are looked for, each
/// tenant is read once, and none behind the one that defines the last of them.
struct Roles<'s> {
    found: BTreeSet<&'s [u8]>,
    /// The tenants that are still to be read, with the levels that their heirs are read to.
    left: Vec<(Node<'s>, usize)>,
    /// Their numbers, and those of all that were read: a tenant that is below itself is read once.
    seen: BTreeSet<Option<u32>>,
}

impl<'s> Roles<'s> {
    fn of(node: Node<'s>) -> Self {
        Self { found: BTreeSet::new(), left: alloc::vec![(node, MAX_LEVELS)], seen: BTreeSet::from([node.number()]) }
    }

    fn define(&mut self, fit: &Fit<'s>, name: &[u8]) -> Read<bool> {
        while !self.found.contains(name) {
            let Some((node, levels)) = self.left.pop() else { return Ok(false) };
            match node {
                Node::Changed(tenant) => self.found.extend(tenant.roles.iter().map(|role| role.name.as_bytes())),
                Node::Page(number) => {
                    let page = fit.root.page(number)?;
                    let run = page.head().roles()?;
                    for number in 0..run.count {
                        self.found.insert(RoleRow::nth(page.bytes(), run, number)?.name()?);
                    }
                }
            }
            if levels > 0 && fit.inherited(node)?.identities {
                let heirs = fit.heirs(fit.id_of(node)?.as_bytes())?;
                let new = heirs.into_iter().filter(|heir| self.seen.insert(heir.number()));
                self.left.extend(new.map(|heir| (heir, levels - 1)));
            }
        }
        Ok(true)
    }
}

/// What a change takes from its tenant that the tenants above may name, sorted.
#[derive(Default)]
struct Lost<'s> {
    accounts: Vec<&'s [u8]>,
    roles: Vec<&'s [u8]>,
}

/// A right that a tenant may let come down to those below it.
type Right = fn(Inherited) -> bool;

impl<'s> Fit<'s> {
    pub(super) fn new(root: RootView<'s>, id: &'s str, old: Option<u32>, new: Option<&'s Tenant>) -> Self {
        let accounts = new.into_iter().flat_map(|tenant| &tenant.accounts).map(|account| &*account.id).collect();
        Self { root, id, old, new, accounts, problems: Vec::new() }
    }

    /// Finds everything that must not stand in the policy with the change.
    pub(super) fn problems(mut self) -> Read<Vec<PolicyProblem>> {
        if let Some(tenant) = self.new {
            self.itself(tenant)?;
            self.claimed_elsewhere(tenant)?;
        }
        self.levels()?;
        self.ancestors()?;
        self.numbered()
    }

    /// Checks the tenant alone, and whether what is missing there is to be found elsewhere.
    fn itself(&mut self, tenant: &'s Tenant) -> Read<()> {
        let mut alone = Policy::default();
        alone.tenants.push(tenant.clone());
        let mut roles = Roles::of(Node::Changed(tenant));
        for mut problem in alone.check() {
            let (of_identity, of_domain) = (
                problem.path.get(2) == Some(&PathStep::Key("identity")),
                problem.path.get(2) == Some(&PathStep::Key("domain")),
            );
            let right: Right = if of_domain { |inherited| inherited.domains } else { |inherited| inherited.identities };
            let is_none = match &mut problem.kind {
                ProblemKind::UnknownParent(parent) => self.tenant(parent.as_bytes())?.is_some(),
                ProblemKind::UnknownAccount { id, elsewhere } => {
                    let holder = self.account(id.as_bytes())?;
                    *elsewhere = holder.map(|holder| self.id_of(holder)).transpose()?;
                    match holder {
                        Some(holder) => self.inherits(holder, Node::Changed(tenant), right)?,
                        None => false,
                    }
                }
                ProblemKind::UnknownRole(name) if of_identity => roles.define(self, name.as_bytes())?,
                // A cycle or a depth that one tenant alone has is found again below.
                ProblemKind::ParentCycle | ProblemKind::ParentTooDeep { .. } => true,
                _ => false,
            };
            if !is_none {
                self.problems.push((self.id.to_owned(), problem));
            }
        }
        Ok(())
    }

    /// Finds ids and own addresses that another tenant has, too.
    fn claimed_elsewhere(&mut self, tenant: &'s Tenant) -> Read<()> {
        let entries = Entries::of(tenant);
        for (account, number) in tenant.accounts.iter().zip(0..) {
            let at = |rest: &[PathStep]| path("account", number, rest);
            if let Some(Node::Page(page)) = self.stored_account(account.id.as_bytes())? {
                let (id, tenant) = (account.id.clone(), self.id_of(Node::Page(page))?);
                self.report(self.id, at(&[PathStep::Key("id")]), ProblemKind::DuplicateAccount { id, tenant });
            }
            for (credential, number) in account.credentials.iter().zip(0..) {
                if let Some(account) = self.credential_elsewhere(credential.id.as_bytes())? {
                    let rest = [PathStep::Key("credential"), PathStep::Index(number), PathStep::Key("id")];
                    let id = credential.id.clone();
                    self.report(self.id, at(&rest), ProblemKind::DuplicateCredential { id, account });
                }
            }
            if let Some(address) = &account.address {
                if let Some(account) = self.claim_elsewhere(address, &entries)? {
                    let address = address.clone();
                    let kind = ProblemKind::AddressClaimedTwice { address, account };
                    self.report(self.id, at(&[PathStep::Key("address")]), kind);
                }
            }
        }
        Ok(())
    }

    /// The account of another tenant that claims the same own address in widest form.
    fn claim_elsewhere(&self, address: &Address, entries: &Entries<'_>) -> Read<Option<String>> {
        let (local, domain) = (address.local().as_bytes(), address.domain().as_bytes());
        let target = Target::new(self.root.hasher, CanonicalView { local, domain });
        let separator = entries.separator(address).map_or(0, |separator| separator as u8);
        let own = Separators::default().with(separator);
        let others = self.root.separators_over(&target)?;
        let mut found = None;
        let mut visit = |Claimed { link, .. }: Claimed, _: &[u8]| {
            let page = self.root.page(link.page)?;
            let row: AccountRow<'_> = page.record(link.record)?;
            if Some(link.page) == self.old || row.domain()? != domain {
                return Ok(ControlFlow::Continue(()));
            }
            let both = rule(page.closest(&target)?).separators.union(own);
            if both.base(local).eq_ignore_ascii_case(both.base(row.local()?)) {
                found = Some(text(row.id()?)?);
            }
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        for sought in [Sought::Claimed, Sought::Uncounted] {
            self.root.claims(&target, (own, others), sought, &mut visit)?;
        }
        Ok(found)
    }

    fn credential_elsewhere(&self, id: &[u8]) -> Read<Option<String>> {
        let index = self.root.head()?.credential_index();
        let mut links = self.root.links::<2>(Table::Credentials, index, Hash::of(self.root.hasher, id))?;
        while let Some(link) = links.next()? {
            let page = self.root.page(link.page)?;
            let row: CredentialRow<'_> = page.record(link.record)?;
            if Some(link.page) != self.old && row.id()? == id {
                let account =
                    records::<AccountRow<'_>>(page.bytes(), page.head().accounts()).nth(row.account() as usize);
                return account.ok_or(Damaged)??.id().and_then(text).map(Some);
            }
        }
        Ok(None)
    }

    /// Finds cycles and tenants too deep, where the tenant has another parent than before, and heirs that it leaves
    /// behind.
    fn levels(&mut self) -> Read<()> {
        let heirs = |fit: &Self| fit.heirs(fit.id.as_bytes());
        let Some(tenant) = self.new else {
            for heir in heirs(self)? {
                let (of, parent) = (self.id_of(heir)?, self.id.to_owned());
                self.report(&of, parent_path(), ProblemKind::UnknownParent(parent));
            }
            return Ok(());
        };
        let before = match self.old {
            Some(page) => self.root.page(page)?.head().parent()?,
            None => &[],
        };
        if tenant.parent.as_deref().unwrap_or_default().as_bytes() == before && self.old.is_some() {
            return Ok(());
        }
        let (mut level, mut at) = (1, self.parent(Node::Changed(tenant))?);
        while let Some(above) = at {
            if above.number().is_none() {
                self.report(self.id, parent_path(), ProblemKind::ParentCycle);
                return Ok(());
            }
            level += 1;
            // What is above was checked, and ends; only the changed tenant can close a cycle.
            if level > MAX_LEVELS + 1 {
                return Err(Damaged);
            }
            at = self.parent(above)?;
        }
        // No tenant is below itself, unless a file was forged.
        let mut seen = BTreeSet::from([None]);
        let mut row = alloc::vec![Node::Changed(tenant)];
        while !row.is_empty() && level <= 2 * MAX_LEVELS + 1 {
            let mut below = Vec::new();
            for node in row {
                if level > MAX_LEVELS {
                    let of = self.id_of(node)?;
                    self.report(&of, parent_path(), ProblemKind::ParentTooDeep { level });
                }
                let heirs = self.heirs(self.id_of(node)?.as_bytes())?;
                below.extend(heirs.into_iter().filter(|heir| seen.insert(heir.number())));
            }
            level += 1;
            row = below;
        }
        Ok(())
    }

    /// Finds accounts and roles that tenants above name, and that the change takes from them.
    fn ancestors(&mut self) -> Read<()> {
        let Some(old) = self.old else { return Ok(()) };
        let lost = self.lost(old)?;
        // Most changes take nothing, however much is named above.
        if lost.as_ref().is_some_and(|Lost { accounts, roles }| accounts.is_empty() && roles.is_empty()) {
            return Ok(());
        }
        let mut at = Node::Page(old);
        for _ in 0..MAX_LEVELS {
            let page = match at {
                Node::Page(number) => self.root.page(number)?,
                Node::Changed(_) => return Ok(()),
            };
            if !page.has(tenant::HAS_PARENT) {
                return Ok(());
            }
            at = match self.tenant(page.head().parent()?)? {
                Some(above) => above,
                // The tenant above is the one that is gone, which its heirs say.
                None => return Ok(()),
            };
            if let Node::Page(number) = at {
                if self.root.page(number)?.has(tenant::NAMES_HEIRS) {
                    self.names(number, lost.as_ref())?;
                }
            }
        }
        Ok(())
    }

    /// What the change takes from the tenant of a page; `None` where anything of those below it may be lost, too, since rights
    /// come down to them in another way than before.
    fn lost(&self, old: u32) -> Read<Option<Lost<'s>>> {
        let page = self.root.page(old)?;
        let comes_down_as_before = match self.new {
            Some(tenant) => {
                tenant.parent.as_deref().unwrap_or_default().as_bytes() == page.head().parent()?
                    && tenant.inherited == self.inherited(Node::Page(old))?
            }
            None => self.heirs(self.id.as_bytes())?.is_empty(),
        };
        if !comes_down_as_before {
            return Ok(None);
        }
        let mut lost = Lost::default();
        for account in records::<AccountRow<'_>>(page.bytes(), page.head().accounts()) {
            let id = account?.id()?;
            if !self.has_account(id) {
                lost.accounts.push(id);
            }
        }
        let roles: BTreeSet<_> =
            self.new.into_iter().flat_map(|tenant| &tenant.roles).map(|role| role.name.as_bytes()).collect();
        let run = page.head().roles()?;
        for number in 0..run.count {
            let name = RoleRow::nth(page.bytes(), run, number)?.name()?;
            if !roles.contains(name) {
                lost.roles.push(name);
            }
        }
        lost.accounts.sort_unstable();
        lost.roles.sort_unstable();
        Ok(Some(lost))
    }

    /// Checks the accounts and roles of others that a tenant names, if only of those that are `lost`.
    fn names(&mut self, number: u32, lost: Option<&Lost<'s>>) -> Read<()> {
        let page = self.root.page(number)?;
        let (accounts, lost_roles) = (lost.map(|lost| &*lost.accounts), lost.map(|lost| &*lost.roles));
        let mut roles = Roles::of(Node::Page(number));
        for (row, at) in records::<IdentityRow<'_>>(page.bytes(), page.head().identities()).zip(0..) {
            let row = row?;
            if row.holder()? != 0 {
                continue;
            }
            let Some(extra) = row.extra()? else { continue };
            let senders = named(page, extra.senders().others, accounts)?;
            self.listed(number, "identity", at, senders, |inherited| inherited.identities)?;
            for name in named(page, extra.roles(), lost_roles)? {
                if !is_built_in(name) && !roles.define(self, name)? {
                    self.report_of(
                        number,
                        path("identity", at, &[PathStep::Key("roles")]),
                        ProblemKind::UnknownRole(text(name)?),
                    )?;
                }
            }
        }
        for (row, at) in records::<DomainRow<'_>>(page.bytes(), page.head().domains()).zip(0..) {
            let senders = named(page, row?.senders()?.others, accounts)?;
            self.listed(number, "domain", at, senders, |inherited| inherited.domains)?;
        }
        Ok(())
    }

    fn listed(&mut self, number: u32, key: &'static str, at: usize, ids: Vec<&[u8]>, right: Right) -> Read<()> {
        for id in ids {
            let holder = self.account(id)?;
            let comes_down = match holder {
                Some(holder) => self.inherits(holder, Node::Page(number), right)?,
                None => false,
            };
            if !comes_down {
                let elsewhere = holder.map(|holder| self.id_of(holder)).transpose()?;
                let kind = ProblemKind::UnknownAccount { id: text(id)?, elsewhere };
                self.report_of(number, path(key, at, &[PathStep::Key("senders")]), kind)?;
            }
        }
        Ok(())
    }

    /// The tenant with this id, as it is after the change.
    fn tenant(&self, id: &[u8]) -> Read<Option<Node<'s>>> {
        if id == self.id.as_bytes() {
            return Ok(self.new.map(Node::Changed));
        }
        Ok(self.root.tenant(id)?.map(Node::Page))
    }

    /// The tenant of the account with this id, as it is after the change.
    fn account(&self, id: &[u8]) -> Read<Option<Node<'s>>> {
        match self.new.filter(|_| self.has_account(id)) {
            Some(tenant) => Ok(Some(Node::Changed(tenant))),
            None => self.stored_account(id),
        }
    }

    /// Whether the tenant has an account with this id after the change.
    fn has_account(&self, id: &[u8]) -> bool {
        core::str::from_utf8(id).is_ok_and(|id| self.accounts.contains(id))
    }

    /// The tenant of the account with this id, unless it is the changed one.
    fn stored_account(&self, id: &[u8]) -> Read<Option<Node<'s>>> {
        let index = self.root.head()?.account_index();
        let mut links = self.root.links::<2>(Table::Accounts, index, Hash::of(self.root.hasher, id))?;
        while let Some(Link { page, record }) = links.next()? {
            if Some(page) != self.old && self.root.page(page)?.record::<AccountRow<'_>>(record)?.id()? == id {
                return Ok(Some(Node::Page(page)));
            }
        }
        Ok(None)
    }

    fn parent(&self, node: Node<'s>) -> Read<Option<Node<'s>>> {
        let parent = match node {
            Node::Changed(tenant) => tenant.parent.as_deref().map(str::as_bytes),
            Node::Page(number) => {
                let page = self.root.page(number)?;
                if page.has(tenant::HAS_PARENT) { Some(page.head().parent()?) } else { None }
            }
        };
        parent.map_or(Ok(None), |parent| self.tenant(parent))
    }

    fn inherited(&self, node: Node<'_>) -> Read<Inherited> {
        match node {
            Node::Changed(tenant) => Ok(tenant.inherited),
            Node::Page(number) => {
                let page = self.root.page(number)?;
                let (identities, domains) = (page.has(tenant::INHERIT_IDENTITIES), page.has(tenant::INHERIT_DOMAINS));
                Ok(Inherited { identities, domains })
            }
        }
    }

    /// Whether the right comes down from `ancestor` to `heir` (docs/semantics.md 1.4).
    fn inherits(&self, heir: Node<'s>, ancestor: Node<'s>, right: Right) -> Read<bool> {
        let mut at = heir;
        for _ in 0..MAX_LEVELS {
            let Some(above) = self.parent(at)? else { return Ok(false) };
            if !right(self.inherited(above)?) {
                return Ok(false);
            }
            if above.number() == ancestor.number() {
                return Ok(true);
            }
            at = above;
        }
        Ok(false)
    }

    /// The tenants right below the one of this id, as they are after the change.
    fn heirs(&self, id: &[u8]) -> Read<Vec<Node<'s>>> {
        let mut pages = Vec::new();
        let mut links =
            self.root.links::<1>(Table::Heirs, self.root.head()?.heir_index(), Hash::of(self.root.hasher, id))?;
        while let Some(Link { page, .. }) = links.next()? {
            if Some(page) != self.old && self.root.page(page)?.head().parent()? == id {
                pages.push(page);
            }
        }
        // A look-up may give one twice.
        pages.sort_unstable();
        pages.dedup();
        let changed = self.new.filter(|tenant| tenant.parent.as_deref().map(str::as_bytes) == Some(id));
        Ok(pages.into_iter().map(Node::Page).chain(changed.map(Node::Changed)).collect())
    }

    fn id_of(&self, node: Node<'_>) -> Read<String> {
        match node {
            Node::Changed(tenant) => Ok(tenant.id.clone()),
            Node::Page(number) => text(self.root.page(number)?.head().id()?),
        }
    }

    fn report_of(&mut self, number: u32, path: Vec<PathStep>, kind: ProblemKind) -> Read<()> {
        let id = self.id_of(Node::Page(number))?;
        self.report(&id, path, kind);
        Ok(())
    }

    fn report(&mut self, of: &str, path: Vec<PathStep>, kind: ProblemKind) {
        self.problems.push((of.to_owned(), PolicyProblem { path, kind }));
    }

    /// Returns the problems, with each tenant counted among all, sorted by id.
    fn numbered(mut self) -> Read<Vec<PolicyProblem>> {
        if self.problems.is_empty() {
            return Ok(Vec::new());
        }
        let mut numbers: BTreeMap<String, usize> = self.problems.iter().map(|(of, _)| (of.clone(), 0)).collect();
        let changed = self.new.filter(|_| self.old.is_none()).map(|tenant| &*tenant.id);
        let mut pages =
            self.root.pages().map(|page| page.and_then(|(number, page)| Ok((number, page.head().id()?)))).peekable();
        let mut before = 0;
        // Both are sorted by id.
        for (of, at) in &mut numbers {
            while let Some(page) = pages.next_if(|page| !matches!(page, Ok((_, id)) if *id >= of.as_bytes())) {
                let (number, _) = page?;
                before += usize::from(self.new.is_some() || Some(number) != self.old);
            }
            *at = before + usize::from(changed.is_some_and(|id| id < &**of));
        }
        for (of, problem) in &mut self.problems {
            if let (Some(PathStep::Index(at)), Some(number)) = (problem.path.get_mut(1), numbers.get(of)) {
                *at = *number;
            }
        }
        Ok(self.problems.into_iter().map(|(_, problem)| problem).collect())
    }
}

/// The path to something of an entry of a tenant.
fn path(key: &'static str, number: usize, rest: &[PathStep]) -> Vec<PathStep> {
    let start = [PathStep::Key("tenant"), PathStep::Index(0), PathStep::Key(key), PathStep::Index(number)];
    start.iter().chain(rest).cloned().collect()
}

fn parent_path() -> Vec<PathStep> {
    alloc::vec![PathStep::Key("tenant"), PathStep::Index(0), PathStep::Key("parent")]
}

/// The texts of a list, if only those that are `lost`.
fn named<'p>(page: PageView<'p>, run: Run, lost: Option<&[&'p [u8]]>) -> Read<Vec<&'p [u8]>> {
    let all = (0..run.count).map(|number| TextRow::nth(page.bytes(), run, number)?.text());
    let Some(lost) = lost else { return all.collect() };
    // The fewer are looked for among the others: both are sorted.
    if (run.count as usize) < lost.len() {
        return all.filter(|text| text.as_ref().map_or(true, |text| lost.binary_search(text).is_ok())).collect();
    }
    let mut found = Vec::new();
    for &text in lost {
        if lists(page.bytes(), run, text)? {
            found.push(text);
        }
    }
    Ok(found)
}

fn is_built_in(name: &[u8]) -> bool {
    BUILT_IN_ROLES.iter().any(|(role, _)| role.as_bytes() == name)
}

/// Octets that were a text of the policy.
fn text(octets: &[u8]) -> Read<String> {
    core::str::from_utf8(octets).map(str::to_owned).map_err(|_| Damaged)
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;
    use crate::address::DomainName;
    use crate::policy::{Account, Domain, Identity, Names, Role, Separator};
    use crate::samples::{self, account, compiled, damaged, forged, page_of, reaching, verified};
    use crate::snapshot::rows::HEAD;
    use crate::snapshot::{CompileError, Snapshot};

    /// One of many tenants that have a domain, with what it gives the domain, and an account with this own address.
    fn tenant(id: &str, separator: Option<Separator>, address: &str) -> Tenant {
        let mut entry = reaching(verified("a.example"));
        entry.separator = separator;
        let mut tenant = samples::tenant(id, entry);
        tenant.accounts.push(account(id, address));
        tenant
    }

    /// A tenant to which everything comes down from another one.
    fn heir(id: &str, parent: Option<&str>) -> Tenant {
        let mut tenant = Tenant::new(id);
        (tenant.parent, tenant.inherited) = (parent.map(str::to_owned), Inherited { identities: true, domains: true });
        tenant.accounts.push(Account::new(id));
        tenant
    }

    /// Where problems are.
    fn refused(changed: Result<Snapshot, CompileError>) -> Vec<String> {
        let Err(CompileError::Policy(problems)) = changed else { return Vec::new() };
        problems.iter().map(PolicyProblem::path_text).collect()
    }

    #[test]
    fn what_very_many_tenants_lack_is_counted_in_linear_time() {
        const HEIRS: usize = 30_000;
        let heirs = (0..HEIRS).map(|number| heir(&format!("heir-{number:05}"), Some("above")));
        let snapshot = compiled(heirs.chain([heir("above", None), heir("between", None)]));
        // `above` is gone, and `between` comes first.
        let expected: Vec<_> = (1..=HEIRS).map(|number| format!("tenant[{number}].parent")).collect();
        let mut found = refused(snapshot.remove_tenant("above"));
        found.sort_by_key(|path| (path.len(), path.clone()));
        assert!(found == expected, "{:?}", found.first());
    }

    #[test]
    fn a_tenant_that_names_very_many_others_is_changed_in_linear_time() {
        const HEIRS: usize = 10_000;
        let name = |number| format!("heir-{number:05}");
        let mut above = heir("above", None);
        let mut entry = Domain::new(DomainName::parse("a.example").expect("a domain"));
        entry.senders = Names::Only((0..HEIRS).map(name).collect());
        above.domains.push(entry);
        for number in 0..HEIRS {
            let address = format!("joe-{number}@a.example");
            let mut identity = Identity::new(Address::parse(&address).expect("an address"));
            identity.roles = Names::Only(alloc::vec![name(number)]);
            above.identities.push(identity);
        }
        let mut last = heir("last", Some("above"));
        last.roles.extend((0..HEIRS).map(|number| Role { name: name(number), permissions: Vec::new() }));
        let heirs = (0..HEIRS).map(|number| heir(&name(number), Some("above")));
        let snapshot = compiled(heirs.chain([above.clone(), last.clone()]));
        let changed = snapshot.replace_tenant(&above).and_then(|changed| changed.replace_tenant(&last));
        assert_eq!(changed.map(|changed| changed.id()).ok(), Some(snapshot.id()));
        // What the last of them does not define any more is missed.
        last.roles.pop();
        let found = refused(snapshot.replace_tenant(&last));
        assert_eq!(found, [format!("tenant[0].identity[{}].roles", HEIRS - 1)]);
    }

    #[test]
    fn what_a_change_takes_from_those_above_is_what_the_whole_policy_lacks() {
        type Change = fn(&mut Tenant);
        let mut above = heir("above", None);
        let mut entry = Domain::new(DomainName::parse("a.example").expect("a domain"));
        entry.senders = Names::Only(["changed", "joe", "below"].map(str::to_owned).into());
        above.domains.push(entry);
        let mut identity = Identity::new(Address::parse("joe@a.example").expect("an address"));
        identity.senders = Names::Only(["joe", "below"].map(str::to_owned).into());
        identity.roles = Names::Only(["Marketing", "seller", "buyer"].map(str::to_owned).into());
        above.identities.push(identity);
        let mut changed = heir("changed", Some("between"));
        changed.accounts.push(Account::new("joe"));
        changed.accounts.push(Account::new("named by nobody"));
        let role = |name: &str| Role { name: name.to_owned(), permissions: Vec::new() };
        changed.roles.extend(["seller", "buyer", "other"].map(role));
        let mut between = heir("between", Some("above"));
        between.roles.push(role("buyer"));
        let mut policy = Policy::default();
        policy.tenants.extend([above, between, changed, heir("below", Some("changed")), heir("beside", None)]);
        let snapshot = compiled(policy.tenants.iter().cloned());
        let changes: [(Change, usize); 9] = [
            (|_| {}, 0),
            (|tenant| drop(tenant.accounts.pop()), 0),
            (|tenant| tenant.accounts.truncate(1), 2),
            (|tenant| tenant.accounts.clear(), 3),
            // Another one defines it, too.
            (|tenant| tenant.roles.retain(|role| role.name == "seller"), 0),
            (|tenant| tenant.roles.clear(), 1),
            (|tenant| tenant.inherited.domains = false, 1),
            (|tenant| tenant.inherited = Inherited::default(), 2),
            (|tenant| tenant.parent = Some("beside".to_owned()), 6),
        ];
        for (number, (change, lacks)) in changes.into_iter().enumerate() {
            let mut policy = policy.clone();
            change(&mut policy.tenants[2]);
            policy.tenants.sort_by(|one, other| one.id.cmp(&other.id));
            let tenant = policy.tenants.iter().find(|tenant| tenant.id == "changed").expect("it is there");
            let mut found = refused(snapshot.replace_tenant(tenant));
            // Where a name stands in a compiled list does not tell where it was written.
            let to_list =
                |problem: &PolicyProblem| problem.path_text().trim_end_matches(|c| "[0123]".contains(c)).to_owned();
            let mut expected: Vec<_> = policy.check().iter().map(to_list).collect();
            found.sort();
            expected.sort();
            assert_eq!((&found, found.len()), (&expected, lacks), "change {number}");
        }
        // Those below a tenant that is gone lose what came down by it, one without any loses its own alone.
        let without = |snapshot: &Snapshot, id| refused(snapshot.remove_tenant(id)).len();
        assert_eq!(without(&snapshot, "below"), 2);
        assert_eq!(without(&snapshot, "changed"), 7);
    }

    #[test]
    fn very_many_names_are_taken_from_very_many_lists_in_linear_time() {
        const MANY: usize = 20_000;
        let mut above = heir("above", None);
        for number in 0..MANY {
            let address = format!("joe-{number}@a.example");
            let mut identity = Identity::new(Address::parse(&address).expect("an address"));
            identity.senders = Names::Only(["above", "kept"].map(str::to_owned).into());
            identity.roles = Names::Only(alloc::vec!["role".to_owned()]);
            above.identities.push(identity);
        }
        let mut kept = heir("kept", Some("above"));
        kept.roles.push(Role { name: "role".to_owned(), permissions: Vec::new() });
        let mut changed = heir("changed", Some("above"));
        for number in 0..MANY {
            changed.accounts.push(Account::new(format!("account-{number}")));
            changed.roles.push(Role { name: format!("role-{number}"), permissions: Vec::new() });
        }
        let snapshot = compiled([above, kept, changed]);
        assert!(snapshot.remove_tenant("changed").is_ok());
    }

    #[test]
    fn each_heir_is_asked_once_although_a_file_was_forged() {
        const HEIRS: usize = 1_000;
        let heirs = (0..HEIRS).map(|number| heir(&format!("heir-{number:04}"), Some("the-above")));
        let snapshot = compiled(heirs.chain([heir("the-above", None), heir("the-other", None)]));
        // Each has the id of its parent, and so is one of its own heirs and of those of all others.
        let opened = forged(&snapshot, |octets| {
            for number in 0..HEIRS {
                let id = page_of(&snapshot, &format!("heir-{number:04}")) + HEAD;
                octets[id..id + 9].copy_from_slice(b"the-above");
            }
        });
        let mut above = heir("the-above", Some("the-other"));
        let mut identity = Identity::new(Address::parse("joe@a.example").expect("an address"));
        identity.roles = Names::Only(alloc::vec!["role".to_owned()]);
        above.identities.push(identity);
        let found = refused(opened.replace_tenant(&above));
        assert!(found.iter().any(|path| path.ends_with("roles[0]")), "{found:?}");
    }

    #[test]
    fn who_claims_an_own_address_is_found_without_all_who_have_the_domain() {
        let named = |number| tenant(&format!("named-{number:04}"), None, &format!("of{number}@a.example"));
        let plus = tenant("plus", Some(Separator::Plus), "joe@a.example");
        let hyphen = tenant("hyphen", Some(Separator::Hyphen), "ann@sub.a.example");
        let snapshot = compiled((0..2_000).map(named).chain([plus, hyphen]));
        let opened = damaged(&snapshot, "named-1000");
        // What another tenant's separator leaves of one is claimed, too.
        for (address, claimed) in [
            ("joe@a.example", Some("plus")),
            ("joe+x@a.example", Some("plus")),
            ("joe-x@a.example", None),
            ("joe+x@sub.a.example", None),
            ("ann@sub.a.example", Some("hyphen")),
            ("ann-x@sub.a.example", Some("hyphen")),
            ("ann+x@sub.a.example", None),
            ("ann-x@a.example", None),
        ] {
            let tenant = tenant("changed", None, address);
            let of = Address::parse(address).expect("an address");
            let fit = Fit::new(opened.root(), "changed", None, Some(&tenant));
            let found = fit.claim_elsewhere(&of, &Entries::of(&tenant));
            assert_eq!(found, Ok(claimed.map(str::to_owned)), "{address}");
        }
        assert_eq!(opened.root().tenant(b"named-1000"), Err(Damaged));
    }
}
