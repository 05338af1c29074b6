//! What the host has to do after a record: derived from the record alone, so it can be derived again.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::address::{Address, DomainName};
use crate::policy::Mode;
use crate::time::Timestamp;

use super::{Answer, Challenge, Event, Holder, Pair, Record, TxtNames};

/// Something that the host has to do.
///
/// The same record gives the same obligations. A host that does not know whether it has done one compares its key with what
/// it has done: doing it twice is harmless, and not doing it leaves a command without its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Obligation {
    /// Unique in the log: the record's sequence number, a full stop, and the place among its obligations.
    pub key: String,
    /// What is to be done.
    pub kind: ObligationKind,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObligationKind {
    /// Alert an account that it sends as an address that is not its own (M12).
    AlertAccount {
        /// The account.
        account: String,
        /// The address.
        address: Address,
        /// The text.
        text: String,
    },
    /// Tell every account of the tenant, and of its subusers, about a deadline (M14).
    AnnounceDeadline {
        /// The tenant.
        tenant: String,
        /// The first instant at which it holds.
        from: Timestamp,
        /// The text.
        text: String,
    },
    /// Mail the owner of a mailbox the question, with a link that carries the token (M5).
    AskOwner {
        /// Where to; also the address that is asked for.
        to: Address,
        /// Who wants to use it.
        holder: Holder,
        /// The first instant at which the token is no longer valid.
        expires: Timestamp,
        /// The question.
        text: String,
    },
    /// Give the command `check_domain` for a tenant that has proved a domain, as another one has proved it too (C5).
    CheckAgain {
        /// The tenant.
        tenant: String,
        /// The domain.
        domain: DomainName,
    },
    /// Look up the TXT records of a domain, and report them with `observe_dns` (C5-C7).
    LookUpTxt {
        /// The tenant.
        tenant: String,
        /// The domain.
        domain: DomainName,
        /// Where to look.
        names: TxtNames,
    },
    /// Mail an Admin the addresses of a batch, with a link that carries the token (N10).
    SendVerificationMail {
        /// The tenant.
        tenant: String,
        /// The account of the Admin.
        admin: String,
        /// The addresses.
        addresses: Vec<Address>,
        /// The first instant at which the token is no longer valid.
        expires: Timestamp,
        /// The text.
        text: String,
        /// What the link says.
        link: &'static str,
    },
    /// Show what to write into the DNS (C3-C5).
    ShowTxt {
        /// The tenant.
        tenant: String,
        /// The domain.
        domain: DomainName,
        /// The name of the TXT record.
        name: String,
        /// Its text.
        value: String,
        /// The text to show.
        text: String,
    },
    /// Tell an account that the owner of a mailbox has answered.
    TellAnswer {
        /// Who asked.
        holder: Holder,
        /// The address.
        address: Address,
        /// The answer.
        answer: Answer,
        /// The text.
        text: String,
    },
    /// Tell the Admins of a tenant.
    TellTenant {
        /// The tenant.
        tenant: String,
        /// The text.
        text: String,
    },
}

impl ObligationKind {
    /// Returns the name by which programs tell obligations apart, such as `ask_owner`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AlertAccount { .. } => "alert_account",
            Self::AnnounceDeadline { .. } => "announce_deadline",
            Self::AskOwner { .. } => "ask_owner",
            Self::CheckAgain { .. } => "check_again",
            Self::LookUpTxt { .. } => "look_up_txt",
            Self::SendVerificationMail { .. } => "send_verification_mail",
            Self::ShowTxt { .. } => "show_txt",
            Self::TellAnswer { .. } => "tell_answer",
            Self::TellTenant { .. } => "tell_tenant",
        }
    }
}

impl Record {
    /// Returns what the host has to do after this record.
    ///
    /// The record keeps no token, so the token of a mail is the one that was given with the command. A host that has lost it
    /// gives the command that asks again.
    #[must_use]
    pub fn obligations(&self) -> Vec<Obligation> {
        let tenant = self.tenant.clone().unwrap_or_default();
        let kinds = self.events.iter().flat_map(|event| kinds(&tenant, event));
        let keyed =
            kinds.enumerate().map(|(place, kind)| Obligation { key: format!("{}.{place}", self.sequence), kind });
        keyed.collect()
    }
}

fn kinds(tenant: &str, event: &Event) -> Vec<ObligationKind> {
    let tenant = tenant.to_string();
    match event {
        Event::VerificationOffered { addresses, admin, expires, .. } => {
            let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            [ObligationKind::SendVerificationMail {
                tenant,
                admin: admin.clone(),
                addresses: addresses.clone(),
                expires: *expires,
                text: format!("These sender addresses wait for your verification: {}", shown.join(", ")),
                link: VERIFY_ALL,
            }]
            .into()
        }
        Event::ConsentRequested { pair: Pair { holder, address }, expires, .. } => [ObligationKind::AskOwner {
            to: address.clone(),
            holder: holder.clone(),
            expires: *expires,
            text: format!("{} is trying to use {address} to send email, do you want to allow this?", shown(holder)),
        }]
        .into(),
        Event::ConsentAnswered { pair: Pair { holder, address }, answer } => {
            let verb = match answer {
                Answer::Given => "allows",
                Answer::Refused => "does not allow",
                Answer::Withdrawn => "no longer allows",
            };
            [ObligationKind::TellAnswer {
                holder: holder.clone(),
                address: address.clone(),
                answer: *answer,
                text: format!("The owner of {address} {verb} {} to send email as this address.", shown(holder)),
            }]
            .into()
        }
        Event::DomainAdded { domain, label, challenge, .. }
        | Event::ChallengeRenewed { domain, label, challenge, .. } => [show_txt(tenant, domain, label, challenge)].into(),
        Event::CheckRequested { domain, label } => {
            [ObligationKind::LookUpTxt { tenant, domain: domain.clone(), names: TxtNames::new(label, domain) }].into()
        }
        Event::DomainVerified { domain, also } => {
            let check = |tenant: &String| ObligationKind::CheckAgain { tenant: tenant.clone(), domain: domain.clone() };
            also.iter().map(check).collect()
        }
        Event::DomainSuspended { domain } => [ObligationKind::TellTenant {
            tenant,
            text: format!(
                "The TXT record of {domain} was not found any more. The domain is suspended: nobody may send for it until the \
                 record stands again."
            ),
        }]
        .into(),
        Event::PairAlerted { account, address } => [ObligationKind::AlertAccount {
            account: account.clone(),
            address: address.clone(),
            text: format!(
                "{account} sends email as {address}, which is not its own address. Add it as a sender identity, or it will \
                 not be allowed to send."
            ),
        }]
        .into(),
        Event::SenderAuthSwitched { mode: Mode::EnforceFrom(from) } => [ObligationKind::AnnounceDeadline {
            tenant,
            from: *from,
            text: format!(
                "Sender identities must be created and verified before {from}, after which any unauthorized `from` address \
                 will not be allowed to send email."
            ),
        }]
        .into(),
        Event::TermsSet { terms } => terms
            .grandfathered_until
            .map(|from| ObligationKind::AnnounceDeadline {
                tenant,
                from,
                text: format!(
                    "Sender identities that were added for you must be confirmed before {from}, after which they will not be \
                     allowed to send email."
                ),
            })
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the holder's id as it stands in a mail to a stranger: on one line, and nothing of it unseen.
fn shown(holder: &Holder) -> String {
    let mut shown = String::new();
    let mut escaped = holder.id().escape_debug().peekable();
    while let Some(character) = escaped.next() {
        // Quotes and the reverse solidus are seen as they are.
        let quoted = (character == '\\').then(|| escaped.next_if(|next| "\"'\\".contains(*next))).flatten();
        shown.push(quoted.unwrap_or(character));
    }
    shown
}

fn show_txt(tenant: String, domain: &DomainName, label: &str, challenge: &Challenge) -> ObligationKind {
    let (name, value) = (TxtNames::new(label, domain).expected, challenge.txt_value());
    let text = format!("Create a TXT record named {name} with the text {value}, then press Verify.");
    ObligationKind::ShowTxt { tenant, domain: domain.clone(), name, value, text }
}

/// What the link of a verification mail says (N10).
pub const VERIFY_ALL: &str = "Verify All Emails";
