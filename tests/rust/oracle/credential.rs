//! What the account authenticated with (2.2 to 2.6).

use sendas::policy::Credential;
use sendas::{Control, Reason, Subject, Tls};

use super::Asked;
use super::answer::{Findings, Spot};
use super::modes::strength;

/// The presented credential, if it is registered for this account.
pub(crate) fn registered_here<'a>(asked: &Asked<'a>) -> Option<&'a Credential> {
    let id = asked.request.credential.as_ref()?.id.as_ref()?;
    asked.account.credentials.iter().find(|credential| &credential.id == id)
}

pub(crate) fn judge(asked: &Asked<'_>, findings: &mut Findings) {
    let settings = &asked.tenant.credential;
    let now = asked.request.now;
    let strength = strength(asked, Control::Credential);
    let spot = Spot::whole(Subject::Credential);

    // 2.5
    if settings.require_tls && matches!(asked.request.tls, None | Some(Tls::Plain)) {
        findings.add(strength, Reason::TlsRequired, Spot::whole(Subject::Tls));
    }

    let Some(given) = &asked.request.credential else {
        // 2.2, 2.3; 2.4: without a credential only this is reported
        let refuses_some = settings
            .refuse
            .iter()
            .any(|entry| entry.channels.contains(asked.request.channel) && entry.from.is_none_or(|from| now >= from));
        if !asked.account.credentials.is_empty() || settings.require_scope.is_some() || refuses_some {
            findings.add(strength, Reason::CredentialMissing, spot);
        }
        return;
    };

    // 2.2
    let registered = registered_here(asked);
    match &given.id {
        None => {
            if !asked.account.credentials.is_empty() {
                findings.add(strength, Reason::CredentialMissing, spot);
            }
        }
        Some(id) => {
            if registered_elsewhere(asked, id) {
                findings.always(Reason::CredentialOfAnotherAccount, Subject::Credential);
            } else if registered.is_none() && !asked.account.credentials.is_empty() {
                findings.add(strength, Reason::UnknownCredential, spot);
            }
        }
    }
    if let Some(registered) = registered {
        if registered.revoked {
            findings.always(Reason::CredentialRevoked, Subject::Credential);
        }
        if registered.expires.is_some_and(|end| now >= end) {
            findings.always(Reason::CredentialExpired, Subject::Credential);
        }
        if registered.kind != given.kind {
            findings.add(strength, Reason::CredentialKindRefused, spot);
        }
    }

    // 2.3
    for entry in &settings.refuse {
        let begun = entry.from.is_none_or(|from| now >= from);
        if entry.kind == given.kind && entry.channels.contains(asked.request.channel) && begun {
            findings.add(strength, Reason::CredentialKindRefused, spot);
        }
    }

    // 2.4
    if let Some(required) = &settings.require_scope {
        let presented = given.scopes.as_ref();
        let has = match registered {
            Some(registered) => {
                registered.scopes.contains(required) && presented.is_none_or(|scopes| scopes.contains(required))
            }
            None => presented.is_some_and(|scopes| scopes.contains(required)),
        };
        if !has {
            findings.add(strength, Reason::ScopeMissing, spot);
        }
    }
}

fn registered_elsewhere(asked: &Asked<'_>, id: &str) -> bool {
    for tenant in &asked.policy.tenants {
        for account in &tenant.accounts {
            if account.id != asked.account.id && account.credentials.iter().any(|one| one.id == id) {
                return true;
            }
        }
    }
    false
}
