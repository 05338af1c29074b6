//! Who asks: the account, its tenant, and the tenants above it.

use crate::policy::{BUILT_IN_ROLES, MAX_LEVELS, Permission, Strength};
use crate::reason::Control;
use crate::request::{Channel, Request};
use crate::snapshot::approach::{Approach, Approached};
use crate::snapshot::entry::Link;
use crate::snapshot::layout::{Damaged, Read};
use crate::snapshot::page::{PageView, lists};
use crate::snapshot::root::RootView;
use crate::snapshot::row::Row;
use crate::snapshot::rows::{AccountRow, ExemptionRow, RoleRow, TextRow, account, tenant};
use crate::time::Clock;

/// The account that asks, and where its rights come from.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'s> {
    pub(crate) root: &'s RootView<'s>,
    pub(crate) clock: &'s Clock,
    pub(crate) channel: Channel,
    pub(crate) link: Link,
    pub(crate) page: PageView<'s>,
    pub(crate) account: AccountRow<'s>,
    lineage: Lineage,
    pub(crate) role: HeldRole<'s>,
}

/// The tenants above, and how many of them rights come from.
#[derive(Clone, Copy, Debug)]
struct Lineage {
    /// The numbers of its page and of those of the tenants above.
    pages: [u32; MAX_LEVELS],
    /// Two octets, so that there is no gap behind the three numbers: they are written at once, as they are copied just after.
    depth: u16,
    identities_from: u8,
    domains_from: u8,
}

/// Where the account stands that asks, and the tenants above its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    link: Link,
    lineage: Lineage,
}

/// The role in which the account acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldRole<'s> {
    /// All roles it holds, because the request names none.
    All,
    /// This one, which it holds.
    One(&'s [u8]),
    /// None: the request names one that is unknown or not held.
    None,
}

/// What the request's role comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleFact {
    Good,
    Unknown,
    NotHeld,
    MayNotSend,
}

impl<'s> Asker<'s> {
    /// Finds the account of a request.
    pub(crate) fn locate(root: &'s RootView<'s>, request: &Request<'s>, clock: &'s Clock) -> Read<Option<Self>> {
        let Some(id) = request.account else { return Ok(None) };
        let Some(found) = Approach::start(root, id).account()? else { return Ok(None) };
        let mut asker = Self::of(root, found, request.channel, clock);
        asker.climb()?;
        Ok(Some(asker))
    }

    /// An account that was found. What is above its tenant is not known until it [climbs](Self::climb), and until its role is taken it
    /// acts in all that it holds.
    #[inline(always)]
    pub(crate) const fn of(
        root: &'s RootView<'s>,
        Approached { link, page, account }: Approached<'s>,
        channel: Channel,
        clock: &'s Clock,
    ) -> Self {
        Self { root, clock, channel, link, page, account, lineage: Lineage::of(link.page), role: HeldRole::All }
    }

    /// Finds the tenants above its own.
    #[inline]
    pub(crate) fn climb(&mut self) -> Read<()> {
        if self.page.has(tenant::HAS_PARENT) { self.lineage.climb(self.root, self.page) } else { Ok(()) }
    }

    /// The account of a request, where it stands.
    pub(crate) fn at(root: &'s RootView<'s>, request: &Request<'s>, clock: &'s Clock, located: &Located) -> Read<Self> {
        let Located { link, lineage } = *located;
        let page = root.page(link.page)?;
        let account = page.record(link.record)?;
        Ok(Self { root, clock, channel: request.channel, link, page, account, lineage, role: HeldRole::All })
    }

    /// Where it stands.
    pub(crate) const fn located(&self) -> Located {
        Located { link: self.link, lineage: self.lineage }
    }

    /// The numbers of the pages of the tenant and of all tenants above it, the closest first.
    #[inline]
    pub(crate) fn lineage(&self) -> &[u32] {
        self.lineage.first(self.lineage.depth)
    }

    /// The numbers of the pages whose tenant-held identities count: its own, then inherited.
    #[inline]
    pub(crate) fn identity_holders(&self) -> &[u32] {
        self.lineage.first(self.lineage.identities_from.into())
    }

    /// The numbers of the pages whose domains count: its own, then inherited.
    #[inline]
    pub(crate) fn domain_holders(&self) -> &[u32] {
        self.lineage.first(self.lineage.domains_from.into())
    }

    /// Whether tenant-held identities of a tenant above count.
    #[inline]
    pub(crate) const fn inherits_identities(&self) -> bool {
        self.lineage.identities_from != 0
    }

    /// Whether domains of a tenant above count.
    #[inline]
    pub(crate) const fn inherits_domains(&self) -> bool {
        self.lineage.domains_from != 0
    }

    /// The page with this number, which is its own more often than not.
    #[inline]
    pub(crate) fn page_of(&self, number: u32) -> Read<PageView<'s>> {
        if number == self.link.page { Ok(self.page) } else { self.root.page(number) }
    }

    /// How strictly `sender`, `header`, `allowlist` and `credential` are applied, in this order, without the account's
    /// exemptions (docs/semantics.md 8.1).
    pub(crate) fn strengths(&self) -> Read<[Strength; 4]> {
        let mut strictest = self.page.strengths(self.channel, self.clock)?;
        for &number in self.lineage().iter().skip(1) {
            let above = self.root.page(number)?.strengths(self.channel, self.clock)?;
            for (strictest, above) in strictest.iter_mut().zip(above) {
                *strictest = above.max(*strictest);
            }
        }
        Ok(strictest)
    }

    /// Whether the account is exempted from a control now.
    pub(crate) fn exempted(&self, control: Control) -> Read<bool> {
        let run = self.account.exemptions()?;
        for number in 0..run.count {
            let row = ExemptionRow::nth(self.page.bytes(), run, number)?;
            if control != Control::Hosted && row.control() == control as u32 && self.clock.is_before(row.until()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the request's role where it is known already whether the account holds it.
    pub(crate) fn resume_role(&mut self, role: Option<&'s [u8]>, is_held: bool) {
        self.role = match role {
            None => HeldRole::All,
            Some(role) if is_held => HeldRole::One(role),
            Some(_) => HeldRole::None,
        };
    }

    /// Takes the request's role, and says what it comes to (docs/semantics.md 2.7).
    pub(crate) fn take_role(&mut self, role: Option<&'s [u8]>) -> Read<RoleFact> {
        let Some(role) = role else {
            let may_send = self.account.flags() & account::MAY_SEND != 0;
            return Ok(if may_send { RoleFact::Good } else { RoleFact::MayNotSend });
        };
        self.role = HeldRole::None;
        let Some(may_send) = self.role_may_send(role)? else { return Ok(RoleFact::Unknown) };
        if !self.holds_role(role)? {
            return Ok(RoleFact::NotHeld);
        }
        self.role = HeldRole::One(role);
        Ok(if may_send { RoleFact::Good } else { RoleFact::MayNotSend })
    }

    /// Whether one of the roles in force is on a list of an identity, which stands in `holder`.
    pub(crate) fn role_on(&self, holder: PageView<'s>, run: crate::snapshot::layout::Run) -> Read<bool> {
        match self.role {
            HeldRole::None => Ok(false),
            HeldRole::One(role) => lists(holder.bytes(), run, role),
            HeldRole::All => {
                let held = self.account.roles()?;
                if held.count == 0 {
                    return lists(holder.bytes(), run, DEFAULT_ROLE);
                }
                for number in 0..held.count {
                    if lists(holder.bytes(), run, TextRow::nth(self.page.bytes(), held, number)?.text()?)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    fn holds_role(&self, role: &[u8]) -> Read<bool> {
        let held = self.account.roles()?;
        if held.count == 0 { Ok(role == DEFAULT_ROLE) } else { lists(self.page.bytes(), held, role) }
    }

    /// Whether the role may send, or `None` when it is unknown.
    fn role_may_send(&self, role: &[u8]) -> Read<Option<bool>> {
        if let Some((_, permissions)) = BUILT_IN_ROLES.iter().find(|(name, _)| name.as_bytes() == role) {
            return Ok(Some(permissions.contains(&Permission::Send)));
        }
        let run = self.page.head().roles()?;
        for number in 0..run.count {
            let row = RoleRow::nth(self.page.bytes(), run, number)?;
            if row.name()? == role {
                return Ok(Some(row.permissions() & 1 << Permission::Send as u32 != 0));
            }
        }
        Ok(None)
    }
}

impl Lineage {
    /// That of a tenant that has none above it.
    #[inline]
    const fn of(page: u32) -> Self {
        Self { pages: [page; MAX_LEVELS], depth: 0, identities_from: 0, domains_from: 0 }
    }

    /// Adds those above the tenant of this page.
    #[inline(never)]
    fn climb<'s>(&mut self, root: &RootView<'s>, mut page: PageView<'s>) -> Read<()> {
        let (mut identities, mut domains) = (true, true);
        while page.has(tenant::HAS_PARENT) {
            let number = root.tenant(page.head().parent()?)?.ok_or(Damaged)?;
            self.depth += 1;
            *self.pages.get_mut(usize::from(self.depth)).ok_or(Damaged)? = number;
            page = root.page(number)?;
            identities = identities && page.has(tenant::INHERIT_IDENTITIES);
            domains = domains && page.has(tenant::INHERIT_DOMAINS);
            self.identities_from += u8::from(identities);
            self.domains_from += u8::from(domains);
        }
        Ok(())
    }

    #[inline]
    fn first(&self, above: u16) -> &[u32] {
        self.pages.get(..=usize::from(above)).unwrap_or(&[])
    }
}

/// The role of an account that holds none.
const DEFAULT_ROLE: &[u8] = b"sender";
