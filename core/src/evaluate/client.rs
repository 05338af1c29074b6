//! The session stage: account, role, credential, client address (docs/semantics.md 2).

use core::net::IpAddr;

use crate::decision::{Place, Subject};
use crate::ledger::Ledger;
use crate::locate::{Asker, RoleFact};
use crate::net::parse_ip;
use crate::observer::{Note, Observer};
use crate::policy::Strength;
use crate::reason::Reason;
use crate::request::{ClientIp, CredentialFacts, Request, Tls};
use crate::snapshot::layout::{Read, Run};
use crate::snapshot::page::{Client, Listed, allowlisted, lists};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{CredentialRow, RefusedRow, account, credential, tenant};

/// Judges what is known after AUTH and can fail: what `watch`, which has flags of [`account`], tells to look at, and what
/// the request names.
#[inline]
pub(super) fn judge<'s>(
    asker: &mut Asker<'s>,
    watch: u32,
    request: &Request<'s>,
    ledger: &mut Ledger<'_>,
    observer: &mut impl Observer,
) -> Read<()> {
    let watches = |flag: u32| watch & flag != 0;
    if watches(account::WATCH_STANDING) {
        suspension(asker, ledger)?;
    }
    let names_credential = request.credential.as_ref().is_some_and(|facts| facts.id.is_some());
    let mut registered = None;
    if watches(account::WATCH_CREDENTIAL) || names_credential {
        registered = credential(asker, request, ledger)?;
    }
    if watches(account::WATCH_STANDING) || request.role.is_some() {
        role(asker, request, ledger)?;
    }
    if watches(account::WATCH_CLIENT) || registered.is_some() {
        client_ip(asker, request, registered, ledger, observer)?;
    }
    Ok(())
}

fn suspension(asker: &Asker<'_>, ledger: &mut Ledger<'_>) -> Read<()> {
    for &number in asker.lineage() {
        if asker.page_of(number)?.has(tenant::SUSPENDED) {
            ledger.find(Reason::TenantSuspended, Place::of(Subject::Account));
        }
    }
    if asker.account.flags() & account::SUSPENDED != 0 {
        ledger.find(Reason::AccountSuspended, Place::of(Subject::Account));
    }
    Ok(())
}

/// Judges the credential, and returns its record if it is registered for this account.
fn credential<'s>(
    asker: &Asker<'s>,
    request: &Request<'s>,
    ledger: &mut Ledger<'_>,
) -> Read<Option<CredentialRow<'s>>> {
    let place = Place::of(Subject::Credential);
    if asker.page.has(tenant::REQUIRE_TLS) && !matches!(request.tls, Some(Tls::Starttls | Tls::Implicit)) {
        ledger.find(Reason::TlsRequired, Place::of(Subject::Tls));
    }
    let has_registered = asker.account.credentials()?.count != 0;
    let asks = asker.page.has(tenant::ASKS_CREDENTIALS);
    let scope = if asks { asker.page.head().require_scope()? } else { &[] };
    let Some(facts) = &request.credential else {
        if has_registered || !scope.is_empty() || asks && refused(asker, None)? {
            ledger.find(Reason::CredentialMissing, place);
        }
        return Ok(None);
    };
    let mut registered = None;
    match facts.id.map(|id| asker.root.credential(id)).transpose()?.flatten() {
        Some(link) => {
            let row: CredentialRow<'_> = asker.root.page(link.page)?.record(link.record)?;
            if link.page == asker.link.page && row.account() == asker.account.number() {
                registered = Some(row);
            } else {
                ledger.find(Reason::CredentialOfAnotherAccount, place);
            }
        }
        None if has_registered && facts.id.is_some() => {
            ledger.find(Reason::UnknownCredential, place);
        }
        None if has_registered => {
            ledger.find(Reason::CredentialMissing, place);
        }
        None => {}
    }
    if let Some(row) = registered {
        let flags = row.flags();
        if flags & credential::REVOKED != 0 {
            ledger.find(Reason::CredentialRevoked, place);
        }
        if flags & credential::EXPIRES != 0 && !asker.clock.is_before(row.expires()) {
            ledger.find(Reason::CredentialExpired, place);
        }
        if flags & credential::KIND != facts.kind as u32 {
            ledger.find(Reason::CredentialKindRefused, place);
        }
    }
    if asks && refused(asker, Some(facts))? {
        ledger.find(Reason::CredentialKindRefused, place);
    }
    if !scope.is_empty() && !has_scope(asker, registered, facts, scope)? {
        ledger.find(Reason::ScopeMissing, place);
    }
    Ok(registered)
}

/// Whether the tenant refuses this credential's kind, or any kind at all, on this channel now.
fn refused(asker: &Asker<'_>, facts: Option<&CredentialFacts<'_>>) -> Read<bool> {
    let run = asker.page.head().refused()?;
    for number in 0..run.count {
        let row = RefusedRow::nth(asker.page.bytes(), run, number)?;
        let here = row.channels() & 1 << asker.channel as u32 != 0 && !asker.clock.is_before(row.from());
        let kind = row.kind();
        if here && facts.is_none_or(|facts| facts.kind as u32 == kind) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_scope(
    asker: &Asker<'_>,
    registered: Option<CredentialRow<'_>>,
    facts: &CredentialFacts<'_>,
    scope: &[u8],
) -> Read<bool> {
    let presented = facts.scopes.map(|scopes| scopes.contains(&scope));
    match registered {
        Some(row) => Ok(presented.unwrap_or(true) && lists(asker.page.bytes(), row.scopes(), scope)?),
        None => Ok(presented.unwrap_or(false)),
    }
}

fn role<'s>(asker: &mut Asker<'s>, request: &Request<'s>, ledger: &mut Ledger<'_>) -> Read<()> {
    let reason = match asker.take_role(request.role)? {
        RoleFact::Good => return Ok(()),
        RoleFact::Unknown => Reason::UnknownRole,
        RoleFact::NotHeld => Reason::RoleNotHeld,
        RoleFact::MayNotSend => Reason::RoleMayNotSend,
    };
    ledger.find(reason, Place::of(Subject::Role));
    Ok(())
}

fn client_ip(
    asker: &Asker<'_>,
    request: &Request<'_>,
    registered: Option<CredentialRow<'_>>,
    ledger: &mut Ledger<'_>,
    observer: &mut impl Observer,
) -> Read<()> {
    if ledger.strengths.allowlist == Strength::Off {
        return Ok(());
    }
    // Read when a list asks for it, and then once.
    let mut client = None;
    let mut read = || *client.get_or_insert_with(|| Client::of(read_ip(&request.client_ip)));
    let channel = asker.channel as u32;
    let mut outside = false;
    let mut look = |scope: &'static str, bytes, run: Run| -> Read<()> {
        let listed = allowlisted(bytes, run, channel, &mut read)?;
        observer.note(|| Note::Allowlist { scope, listed });
        outside |= listed == Listed::No;
        Ok(())
    };
    for &number in asker.lineage() {
        let page = asker.page_of(number)?;
        let lists = if page.has(tenant::HAS_ALLOWLISTS) { page.head().allowlists()? } else { Run::default() };
        look("tenant", page.bytes(), lists)?;
    }
    look("account", asker.page.bytes(), asker.account.allowlists()?)?;
    if let Some(row) = registered {
        look("credential", asker.page.bytes(), row.allowlists())?;
    }
    if outside {
        let known = request.client_ip != ClientIp::Unknown;
        let reason = if known { Reason::ClientIpNotAllowed } else { Reason::ClientIpMissing };
        ledger.find(reason, Place::of(Subject::ClientIp));
    }
    Ok(())
}

#[inline]
fn read_ip(client: &ClientIp<'_>) -> Option<IpAddr> {
    match client {
        ClientIp::Unknown => None,
        ClientIp::Address(address) => Some(address.to_canonical()),
        ClientIp::Text(text) => parse_ip(text),
    }
}
