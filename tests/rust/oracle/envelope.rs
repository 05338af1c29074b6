//! The envelope sender (section 3), and what is done with one address wherever it stands.

use sendas::policy::{Names, Proof, Strength};
use sendas::{Basis, Control, Reason, Subject};

use super::answer::{Findings, Spot};
use super::modes::strength;
use super::{Asked, address, forms, hosted, lineage};
use crate::request::{DomainForm, Envelope, Flaw, Spelling};

pub(crate) fn judge(asked: &Asked<'_>, findings: &mut Findings) {
    let sender = strength(asked, Control::Sender);
    let spot = Spot::whole(Subject::EnvelopeSender);
    // 3.2
    if nothing_authorized(asked) {
        findings.add(sender, Reason::NoAuthorizedSenders, spot);
    }
    // 3.1
    match readable(asked) {
        Reading::Null => {
            if asked.tenant.sender.refuse_null {
                findings.add(sender, Reason::NullSenderRefused, spot);
            }
        }
        Reading::Unknown => unreadable(asked, sender, Reason::SenderUnknown, spot, findings),
        Reading::Broken => unreadable(asked, sender, Reason::SenderSyntax, spot, findings),
        Reading::Address(spelling) => address(asked, spelling, spot.mailbox(0), findings),
    }
}

/// What the envelope sender turns out to be.
pub(crate) enum Reading<'a> {
    Null,
    Unknown,
    Broken,
    Address(&'a Spelling),
}

pub(crate) fn readable<'a>(asked: &Asked<'a>) -> Reading<'a> {
    match &asked.request.envelope {
        Envelope::Null | Envelope::NullPath => Reading::Null,
        Envelope::Unknown => Reading::Unknown,
        Envelope::BrokenPath(_) | Envelope::BrokenUnquoted(_) => Reading::Broken,
        Envelope::Path { address, .. } | Envelope::Unquoted(address) => {
            if asked.request.smtputf8 || written_in_ascii(address) {
                Reading::Address(address)
            } else {
                Reading::Broken
            }
        }
    }
}

fn written_in_ascii(spelling: &Spelling) -> bool {
    let unicode_domain = spelling.domain == DomainForm::Unicode && spelling.value.domain.contains("xn--");
    spelling.value.local.is_ascii() && !unicode_domain && spelling.flaw.is_none()
}

/// 5.2, 5.3: unreadable input counts as another tenant's address, unless the other control denies for it.
pub(crate) fn unreadable(asked: &Asked<'_>, control: Strength, reason: Reason, spot: Spot, findings: &mut Findings) {
    findings.add(control, reason, spot);
    if control != Strength::Enforce {
        findings.add(strength(asked, Control::Hosted), Reason::AddressOfAnotherTenant, spot);
    }
}

/// Judges an address by sections 4 and 5, and grants it (8.4).
pub(crate) fn address(asked: &Asked<'_>, spelling: &Spelling, spot: Spot, findings: &mut Findings) {
    let sender = strength(asked, Control::Sender);
    if not_canonical(spelling) {
        // 3.1, 7.4
        unreadable(asked, sender, Reason::NotCanonical, spot, findings);
        return;
    }
    let judged = address::judge(asked, &spelling.value);
    for reason in &judged.reasons {
        findings.add(sender, *reason, spot);
    }
    let denied_by_sender = !judged.reasons.is_empty() && sender == Strength::Enforce;
    let hosted = protect(asked, spelling, spot, findings);
    if denied_by_sender || hosted == Some(Strength::Enforce) {
        return;
    }
    let clean = judged.reasons.is_empty() && hosted.is_none() && sender != Strength::Off;
    findings.grant(judged.basis.filter(|_| clean).unwrap_or(Basis::NotEnforced), spot);
}

/// Judges an address by section 5 alone; tells how strictly it was found, if it was.
pub(crate) fn protect(asked: &Asked<'_>, spelling: &Spelling, spot: Spot, findings: &mut Findings) -> Option<Strength> {
    let hosted = strength(asked, Control::Hosted);
    if hosted == Strength::Off || !hosted::of_another_tenant(asked, &spelling.value) {
        return None;
    }
    findings.add(hosted, Reason::AddressOfAnotherTenant, spot);
    Some(hosted)
}

/// 7.3
pub(crate) fn not_canonical(spelling: &Spelling) -> bool {
    matches!(spelling.flaw, Some(Flaw::Decomposed | Flaw::Ignorable | Flaw::Kelvin | Flaw::Mapped))
}

/// 3.2
fn nothing_authorized(asked: &Asked<'_>) -> bool {
    let tenant = asked.tenant;
    let own = tenant.accounts.iter().any(|account| address::counted_own(asked, tenant, account).is_some());
    if own {
        return false;
    }
    let identity = any_identity_counts(asked);
    let domain = any_domain_usable(asked);
    match tenant.sender.proof {
        Proof::Identity => !identity,
        Proof::Domain => !domain,
        Proof::Either => !identity && !domain,
        Proof::Both => !identity || !domain,
    }
}

fn any_identity_counts(asked: &Asked<'_>) -> bool {
    for holder in lineage::identity_holders(asked.policy, asked.tenant) {
        for identity in &holder.identities {
            if address::counts(asked, &address::Held { holder, identity }) {
                return true;
            }
        }
    }
    for account in &asked.tenant.accounts {
        for identity in &account.identities {
            if address::counts(asked, &address::Held { holder: asked.tenant, identity }) {
                return true;
            }
        }
    }
    false
}

fn any_domain_usable(asked: &Asked<'_>) -> bool {
    for holder in lineage::domain_holders(asked.policy, asked.tenant) {
        for entry in &holder.domains {
            let listed = match &entry.senders {
                Names::Any => true,
                Names::Only(accounts) => !accounts.is_empty(),
            };
            if forms::usable(holder, entry) && listed {
                return true;
            }
        }
    }
    false
}
