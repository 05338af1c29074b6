//! What a host would write by hand for all rules: hash maps of text, and a mail parser for the header.
//!
//! It answers yes or no, and stops at the first thing that is wrong. Of the forms that a header may have it reads those that
//! the mail parser reads rightly; quoted local parts, literals and names beyond ASCII that hide an address are not among them.

mod address;
mod header;
mod read;
mod records;
mod session;

use sendas::Control;
use sendas::policy::{Policy, Strength};

use super::Engine;
use crate::data::Given;
use address::Asked;
use header::Message;
use read::Reader;
use records::Records;
use session::Strengths;

/// Hash maps of text, for all rules.
pub struct ByHandFull {
    reader: Reader,
    records: Records,
}

impl ByHandFull {
    /// Fills the maps; the header is read as the mail parser's documentation shows.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self { reader: Reader::header(), records: Records::new(policy) }
    }

    /// Fills the maps; address fields are read by the parser's inner reader, which spares it the header around them.
    #[must_use]
    pub fn with_inner_reader(policy: &Policy) -> Self {
        Self { reader: Reader::Field, records: Records::new(policy) }
    }
}

impl Engine for ByHandFull {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        let records = &self.records;
        let Some(account) = records.accounts.get(&attempt.account) else { return false };
        let Some(tenant) = records.tenants.get(account.tenant) else { return false };
        let (id, role, now) = (attempt.account.as_str(), attempt.role.as_deref(), attempt.now);
        let asked = Asked { records, id, account, tenant, role, now };
        if !asked.admits(attempt) {
            return false;
        }
        let strength = |control| asked.strength(control, attempt.channel);
        let (sender, header) = (strength(Control::Sender), strength(Control::Header));
        let strengths = Strengths {
            sender: sender == Strength::Enforce,
            header,
            reading: if attempt.path == "<>" { header.max(sender) } else { header },
            hosted: records.hosted.at(now),
        };
        let Ok(sender) = asked.sender(attempt, &strengths) else { return false };
        Message { asked: &asked, strengths: &strengths, sender }.is_allowed(&self.reader, attempt)
    }
}
