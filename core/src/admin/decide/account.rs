//! Commands of accounts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::Permission;

use super::super::{Command, Desk, Event, Refusal};
use super::guard::{is_admin, permits};
use super::{Context, confirmed};

impl Context<'_> {
    pub(super) fn account(&self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::AddAccount { account, address, roles, .. } => {
                if self.directory.tenant_of(account).is_some() {
                    return Err(Refusal::AccountExists { account: account.clone() });
                }
                let assigned = self.assigns(desk, address.as_ref())?;
                self.step_up_if(gains(desk, &[], roles))?;
                let (account, address, roles) = (account.clone(), address.clone(), roles.clone());
                Event::AccountAdded { account, address, assigned, roles }
            }
            Command::RemoveAccount { account, confirmed: is_confirmed } => {
                self.refuse_listed_above(desk, account)?;
                // Added again, it would not be suspended any more.
                if !self.is_provider() && desk.account(account).is_some_and(|account| account.suspended) {
                    return Err(Refusal::AccountSuspended { account: account.clone() });
                }
                confirmed(*is_confirmed)?;
                // Its deny entries, allowlists and credentials restrict it, and its own address is protected.
                self.step_up()?;
                Event::AccountRemoved { account: account.clone() }
            }
            Command::SetAddress { account, address } => {
                let old = desk.account(account).and_then(|account| account.address.as_ref());
                if old == address.as_ref() && !self.is_provider() {
                    return Ok(Vec::new());
                }
                let assigned = self.assigns(desk, address.as_ref())?;
                // The old one is protected no longer.
                self.step_up_if(old.is_some())?;
                Event::AddressSet { account: account.clone(), address: address.clone(), assigned }
            }
            Command::SetRoles { account, roles } => {
                let old = desk.account(account).map(|account| &*account.roles).unwrap_or_default();
                self.step_up_if(gains(desk, old, roles))?;
                Event::RolesSet { account: account.clone(), roles: roles.clone() }
            }
            Command::SetAccountSuspended { account, suspended } => {
                Event::AccountSuspensionSet { account: account.clone(), suspended: *suspended }
            }
            Command::SetResend { account, resend } => Event::ResendSet { account: account.clone(), resend: *resend },
            Command::GiveExemption { account, exemption } => {
                self.in_future(exemption.until)?;
                Event::ExemptionGiven { account: account.clone(), exemption: exemption.clone() }
            }
            Command::EndExemption { account, control } => {
                let exempted = desk
                    .account(account)
                    .is_some_and(|account| account.exemptions.iter().any(|exemption| exemption.control == *control));
                if !exempted {
                    return Err(Refusal::UnknownExemption { control: control.name() });
                }
                Event::ExemptionEnded { account: account.clone(), control: *control }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }

    /// Whether the provider assigns the address by setting it; a member sets one at a verified active domain only.
    fn assigns(&self, desk: &Desk, address: Option<&Address>) -> Result<bool, Refusal> {
        match address {
            None => Ok(false),
            Some(_) if self.is_provider() => Ok(true),
            Some(address) if self.directory.proves(desk, address.domain()) => Ok(false),
            Some(address) => Err(Refusal::AddressNeedsProvider { address: address.clone() }),
        }
    }
}

/// Whether the new roles give the role `Admin`, or a permission other than that of adding identities, which the old ones do not.
fn gains(desk: &Desk, old: &[String], new: &[String]) -> bool {
    let has = |roles: &[String], permission| match permission {
        Permission::Send if roles.is_empty() => true,
        Permission::Send | Permission::SwitchSenderAuth | Permission::VerifyIdentities => {
            permits(desk, roles, permission)
        }
        Permission::AddIdentities => false,
    };
    is_admin(new) && !is_admin(old) || Permission::ALL.iter().any(|&one| has(new, one) && !has(old, one))
}
