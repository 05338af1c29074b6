//! Who may give which command, for which tenant.

use alloc::string::String;
use core::net::IpAddr;
use core::slice;

use crate::policy::{Account, Permission};
use crate::request::Channel;
use crate::time::Timestamp;

use super::super::command::Target;
use super::super::{
    Actor, Answer, Command, Desk, Digest, Directory, Holder, Pair, Purpose, Refusal, Right, TokenFault,
};

/// A command whose actor may give it.
pub(super) struct Admitted<'d> {
    /// The tenant that it is about; `None` for the provider's own settings.
    pub(super) tenant: Option<String>,
    /// The tenant's state; `None` for one that is to be added, too.
    pub(super) desk: Option<&'d Desk>,
}

impl Directory {
    pub(super) fn admit(&self, actor: &Actor, command: &Command, now: Timestamp) -> Result<Admitted<'_>, Refusal> {
        let guard = command.guard();
        if !guard.admits(actor.kind()) {
            return Err(Refusal::ActorMayNot { actor: actor.kind().name(), command: command.name() });
        }
        match actor {
            Actor::Provider { .. } | Actor::Host => self.locate(command, None),
            Actor::Account { account } => {
                self.acting(account)?;
                self.for_itself(account, command)?;
                self.locate(command, None).map_err(|unknown| match command {
                    // What an account is told of a pair does not depend on whether the other account exists.
                    Command::AnswerForOwnAddress { pair, .. } => {
                        Refusal::ConsentState { address: pair.address.clone(), state: "none" }
                    }
                    _ => unknown,
                })
            }
            Actor::Member { account, role, client_ip, .. } => {
                let desk = self.acting(account)?;
                let roles = roles(desk, account, role.as_ref())?;
                self.panel(desk, account, client_ip.map(|ip| ip.to_canonical()))?;
                let admitted = self.locate(command, Some(desk))?;
                let is_admin = is_admin(roles);
                if desk.panel_admin_only && !is_admin {
                    return Err(Refusal::AdminRequired {});
                }
                let permits = |permission| permits(desk, roles, permission);
                match guard.member {
                    Some(Right::Admin) if is_admin => Ok(admitted),
                    Some(Right::AddIdentities) if permits(Permission::AddIdentities) => Ok(admitted),
                    Some(Right::SwitchSenderAuth) if permits(Permission::SwitchSenderAuth) => Ok(admitted),
                    Some(Right::VerifyIdentities) if permits(Permission::VerifyIdentities) => Ok(admitted),
                    Some(right) => Err(Refusal::PermissionMissing { right: right.name() }),
                    None => Err(Refusal::ActorMayNot { actor: actor.kind().name(), command: command.name() }),
                }
            }
            Actor::Bearer { token } => {
                let token = token.digest();
                let tenant = self.index.tenant_of_token(&token).ok_or(Refusal::unknown_token())?;
                // The token of a tenant that is gone is for nothing.
                let desk = self.desk(tenant).ok_or(Refusal::TokenRefused { fault: TokenFault::Spent })?;
                self.token_for(desk, &token, command, now)?;
                Ok(Admitted { tenant: Some(tenant.into()), desk: Some(desk) })
            }
        }
    }

    /// Tells whether the token is for this command, still valid, and not used.
    fn token_for(&self, desk: &Desk, token: &Digest, command: &Command, now: Timestamp) -> Result<(), Refusal> {
        let fault = |fault| Err(Refusal::TokenRefused { fault });
        let Some(issued) = desk.tokens.get(token) else { return fault(TokenFault::Unknown) };
        match (&issued.purpose, command) {
            (Purpose::Batch { admin, .. }, Command::VerifyAll {}) => match () {
                () if issued.spent => fault(TokenFault::Spent),
                () if issued.expires <= now => fault(TokenFault::Expired),
                () if !self.may_verify(desk, admin) => fault(TokenFault::Powerless),
                () => Ok(()),
            },
            // The mail that asked stays the owner's means to take the answer back.
            (Purpose::Question(pair), Command::AnswerQuestion { answer: Answer::Withdrawn }) => {
                let latest = desk.tokens.latest_question(pair).is_some_and(|latest| latest.token == *token);
                if latest && desk.consent_state(pair) == "given" { Ok(()) } else { fault(TokenFault::Spent) }
            }
            (Purpose::Question(_), Command::AnswerQuestion { .. }) => match () {
                () if issued.spent => fault(TokenFault::Spent),
                () if issued.expires <= now => fault(TokenFault::Expired),
                () => Ok(()),
            },
            (Purpose::Batch { .. } | Purpose::Question(_), _) => fault(TokenFault::Foreign),
        }
    }

    /// Refuses an account that acts for another holder, or answers for an address that is not its own or does not count.
    fn for_itself(&self, id: &str, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::RequestConsent { pair: Pair { holder, .. }, .. } | Command::RemoveIdentities { holder, .. } => {
                if *holder == Holder::Account(id.into()) {
                    Ok(())
                } else {
                    Err(Refusal::NotYours {})
                }
            }
            Command::AnswerForOwnAddress { pair: Pair { address, .. }, .. } => match self.account(id) {
                Some((desk, account)) if self.owns(desk, account, address) => Ok(()),
                _ => Err(Refusal::NotOwner { address: address.clone() }),
            },
            _ => Ok(()),
        }
    }

    /// Returns the tenant of an account that may act.
    fn acting(&self, id: &str) -> Result<&Desk, Refusal> {
        let (desk, account) = self.account(id).ok_or_else(|| Refusal::UnknownActor { account: id.into() })?;
        if self.is_suspended(desk, account) {
            return Err(Refusal::ActorSuspended { account: id.into() });
        }
        Ok(desk)
    }

    fn is_suspended(&self, desk: &Desk, account: &Account) -> bool {
        account.suspended || self.lineage(&desk.tenant).any(|above| above.tenant.suspended)
    }

    /// Whether an account of the tenant, which need not be there, may verify identities now.
    pub(super) fn may_verify(&self, desk: &Desk, account: &str) -> bool {
        desk.account(account).is_some_and(|account| {
            let permitted = permits(desk, &account.roles, Permission::VerifyIdentities);
            let admitted = !desk.panel_admin_only || is_admin(&account.roles);
            permitted && admitted && !self.is_suspended(desk, account)
        })
    }

    /// Checks the allowlists of the panel that bind the member (S9).
    fn panel(&self, desk: &Desk, account: &str, ip: Option<IpAddr>) -> Result<(), Refusal> {
        let of_account = desk.account(account).map(|account| &account.allowlists);
        let of_tenants = self.lineage(&desk.tenant).map(|above| &above.tenant.allowlists);
        let panel = of_tenants.chain(of_account).flatten().filter(|allowlist| allowlist.channel == Channel::Panel);
        for allowlist in panel {
            let ip = ip.ok_or(Refusal::ClientIpMissing {})?;
            if !allowlist.entries.iter().any(|entry| entry.range.contains(ip)) {
                return Err(Refusal::ClientIpNotAllowed {});
            }
        }
        Ok(())
    }

    /// Finds the tenant that the command is about; where `only` is given, another one is as if it were not there.
    fn locate(&self, command: &Command, only: Option<&Desk>) -> Result<Admitted<'_>, Refusal> {
        let (tenant, unknown) = match command.target() {
            Target::Provider | Target::Token => return Ok(Admitted { tenant: None, desk: None }),
            Target::Tenant(id) => (Some(id), Refusal::UnknownTenant { tenant: id.into() }),
            Target::Account(id) => (self.tenant_of(id), Refusal::UnknownAccount { account: id.into() }),
            Target::Credential(id) => {
                let tenant = self.index.credentials.get(id).map(|(tenant, _)| &**tenant);
                (tenant, Refusal::UnknownCredential { credential: id.into() })
            }
        };
        let tenant = tenant.filter(|tenant| only.is_none_or(|desk| desk.tenant.id == *tenant));
        match tenant.map(|tenant| (tenant, self.desk(tenant))) {
            Some((tenant, desk @ Some(_))) => Ok(Admitted { tenant: Some(tenant.into()), desk }),
            Some((tenant, None)) if matches!(command, Command::AddTenant { .. }) => {
                Ok(Admitted { tenant: Some(tenant.into()), desk: None })
            }
            Some((_, None)) | None => Err(unknown),
        }
    }
}

pub(super) fn is_admin(roles: &[String]) -> bool {
    roles.iter().any(|role| role == "Admin")
}

/// Whether one of the roles permits it.
pub(super) fn permits(desk: &Desk, roles: &[String], permission: Permission) -> bool {
    let has = |role: &String| desk.permissions(role).is_some_and(|has| has.contains(&permission));
    roles.iter().any(has)
}

/// Returns the roles in which the account acts.
fn roles<'d>(desk: &'d Desk, account: &str, role: Option<&String>) -> Result<&'d [String], Refusal> {
    let held = desk.account(account).map(|account| &*account.roles).unwrap_or_default();
    match role {
        None => Ok(held),
        Some(role) => match held.iter().find(|held| *held == role) {
            Some(held) => Ok(slice::from_ref(held)),
            None => Err(Refusal::RoleNotHeld { role: role.clone() }),
        },
    }
}
