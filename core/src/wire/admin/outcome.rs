//! What comes of a command, as JSON.

use alloc::string::String;

use crate::admin::{Obligation, ObligationKind, Outcome, Record, Refusal, Warning};

use super::super::output::Output;
use super::super::write::string;
use super::codec::{AddressList, AddressText, AnswerName, Codec, DomainText, Instant, LongCount};
use super::desk::txt_names;
use super::entry::HolderEntry;

impl Outcome {
    /// Writes the outcome as JSON on one line, without its end.
    ///
    /// `outcome` is `changed` (with `record`, `warnings` and `obligations`), `nothing`, or `repeated` (with `sequence`).
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| match self {
                Self::Changed { record, warnings } => {
                    string(output, "outcome", "changed");
                    output.key("record").raw(&record.to_json());
                    output.key("warnings").array(|output| {
                        warnings.iter().for_each(|one| output.element().object(|output| warning(output, one)));
                    });
                    output.key("obligations").raw(&record.obligations_to_json());
                }
                Self::Nothing => string(output, "outcome", "nothing"),
                Self::Repeated { sequence } => {
                    string(output, "outcome", "repeated");
                    LongCount::write(output, "sequence", sequence);
                }
            });
        })
    }
}

impl Refusal {
    /// Writes the refusal as JSON on one line, without its end.
    ///
    /// `outcome` is `refused`, `refusal` the slug, `rule` the clause that it comes from, `message` and `remedy` are for those who run the system, `client_text`
    /// for the one who gave the command, `about` the values that it is about.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                string(output, "outcome", "refused");
                string(output, "refusal", self.slug());
                string(output, "rule", self.rule());
                string(output, "message", &self.message());
                string(output, "remedy", &self.remedy());
                string(output, "client_text", &self.client_text());
                output.key("about").object(|output| {
                    self.about().iter().for_each(|(name, value)| string(output, name, value));
                });
            });
        })
    }
}

impl Record {
    /// Writes the [obligations](Self::obligations) of the record as a JSON array on one line, without its end.
    #[must_use]
    pub fn obligations_to_json(&self) -> String {
        Output::line(|output| {
            output.array(|output| {
                self.obligations().iter().for_each(|one| output.element().object(|output| obligation(output, one)));
            });
        })
    }
}

fn warning(output: &mut Output, warning: &Warning) {
    string(output, "warning", warning.slug());
    string(output, "text", &warning.text());
}

fn obligation(output: &mut Output, obligation: &Obligation) {
    string(output, "key", &obligation.key);
    string(output, "obligation", obligation.kind.name());
    match &obligation.kind {
        ObligationKind::AlertAccount { account, address, text } => {
            string(output, "account", account);
            AddressText::write(output, "address", address);
            string(output, "text", text);
        }
        ObligationKind::AnnounceDeadline { tenant, from, text } => {
            string(output, "tenant", tenant);
            Instant::write(output, "from", from);
            string(output, "text", text);
        }
        ObligationKind::AskOwner { to, holder, expires, text } => {
            AddressText::write(output, "to", to);
            HolderEntry::write(output, "holder", holder);
            Instant::write(output, "expires", expires);
            string(output, "text", text);
        }
        ObligationKind::CheckAgain { tenant, domain } => {
            string(output, "tenant", tenant);
            DomainText::write(output, "domain", domain);
        }
        ObligationKind::LookUpTxt { tenant, domain, names } => {
            string(output, "tenant", tenant);
            DomainText::write(output, "domain", domain);
            txt_names(output, names);
        }
        ObligationKind::SendVerificationMail { tenant, admin, addresses, expires, text, link } => {
            string(output, "tenant", tenant);
            string(output, "admin", admin);
            AddressList::write(output, "addresses", addresses);
            Instant::write(output, "expires", expires);
            string(output, "text", text);
            string(output, "link", link);
        }
        ObligationKind::ShowTxt { tenant, domain, name, value, text } => {
            string(output, "tenant", tenant);
            DomainText::write(output, "domain", domain);
            string(output, "name", name);
            string(output, "value", value);
            string(output, "text", text);
        }
        ObligationKind::TellAnswer { holder, address, answer, text } => {
            HolderEntry::write(output, "holder", holder);
            AddressText::write(output, "address", address);
            AnswerName::write(output, "answer", answer);
            string(output, "text", text);
        }
        ObligationKind::TellTenant { tenant, text } => {
            string(output, "tenant", tenant);
            string(output, "text", text);
        }
    }
}
