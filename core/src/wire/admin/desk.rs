//! The state of administration as JSON, for those who show it.

use alloc::string::{String, ToString as _};

use crate::address::Address;
use crate::admin::{Desk, Directory, Issued, Proof, Purpose, TxtNames};
use crate::policy::Consent;
use crate::time::Timestamp;

use super::super::output::Output;
use super::super::write::{self, optional, string};
use super::codec::{AddressText, Codec, Count, GivenFlag, IdText, Instant, LongCount, OptionalInstant};
use super::entry::{HolderEntry, PairEntry};
use super::observations::write_seen;

impl Desk {
    /// Writes the tenant with what is pending in it as JSON on one line, without its end; `docs/administration.md` lists the members.
    ///
    /// No token stands in it, and no digest of one.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                IdText::write(output, "id", &self.tenant.id);
                LongCount::write(output, "version", &self.version);
                GivenFlag::write(output, "allowlists_entitled", &self.allowlists_entitled);
                Count::write(output, "allowlist_entries", &self.allowlist_entries);
                GivenFlag::write(output, "panel_admin_only", &self.panel_admin_only);
                GivenFlag::write(output, "foreign_identities", &self.foreign_identities);
                output.key("challenges").array(|output| {
                    for (domain, proof) in &self.proofs {
                        let name = TxtNames::new(&proof.label, domain).expected;
                        output.element().object(|output| challenge(output, domain.as_str(), &name, proof));
                    }
                });
                output.key("open").array(|output| {
                    let open = self.tokens.iter().filter(|issued| !issued.spent);
                    open.for_each(|issued| output.element().object(|output| mail(output, issued)));
                });
                output.key("seen").array(|output| {
                    for ((account, address), seen) in &self.seen {
                        output.element().object(|output| {
                            IdText::write(output, "account", account);
                            AddressText::write(output, "address", address);
                            write_seen(output, seen);
                        });
                    }
                });
                output.key("alerted").array(|output| {
                    for (account, address) in &self.alerted {
                        output.element().object(|output| {
                            IdText::write(output, "account", account);
                            AddressText::write(output, "address", address);
                        });
                    }
                });
                output.key("tenant").object(|output| write::tenant(output, &self.tenant));
            });
        })
    }
}

impl Directory {
    /// Writes [`consents`](Self::consents) as a JSON array on one line, without its end: `pair` and `consent`.
    #[must_use]
    pub fn consents_to_json(&self, address: &Address) -> String {
        Output::line(|output| {
            output.array(|output| {
                for (pair, consent) in self.consents(address) {
                    output.element().object(|output| {
                        PairEntry::write(output, "pair", &pair);
                        string(output, "consent", Consent::name(consent));
                    });
                }
            });
        })
    }

    /// Writes [`rechecks_due`](Self::rechecks_due) as a JSON array on one line, without its end: `tenant`, `domain` and `names`.
    #[must_use]
    pub fn rechecks_due_to_json(&self, now: Timestamp) -> String {
        Output::line(|output| {
            output.array(|output| {
                for (tenant, domain, names) in self.rechecks_due(now) {
                    output.element().object(|output| {
                        IdText::write(output, "tenant", &tenant);
                        string(output, "domain", domain.as_str());
                        txt_names(output, &names);
                    });
                }
            });
        })
    }
}

/// Writes where to look for a TXT record.
pub(super) fn txt_names(output: &mut Output, names: &TxtNames) {
    output.key("names").object(|output| {
        string(output, "expected", &names.expected);
        string(output, "apex", &names.apex);
        string(output, "doubled", &names.doubled);
    });
}

fn challenge(output: &mut Output, domain: &str, name: &str, proof: &Proof) {
    string(output, "domain", domain);
    string(output, "name", name);
    string(output, "value", &proof.challenge.txt_value());
    OptionalInstant::write(output, "expires", &proof.expires);
    OptionalInstant::write(output, "checked", &proof.checked.map(|(at, _)| at));
    optional(output, "outcome", proof.checked.map(|(_, outcome)| outcome.name()));
    OptionalInstant::write(output, "proved", &proof.proved);
}

/// A mail that is not answered.
fn mail(output: &mut Output, issued: &Issued) {
    match &issued.purpose {
        Purpose::Batch { admin, addresses } => {
            string(output, "mail", "send_verification_mail");
            string(output, "admin", admin);
            output
                .key("addresses")
                .array(|output| addresses.iter().for_each(|address| output.element().string(&address.to_string())));
        }
        Purpose::Question(pair) => {
            string(output, "mail", "ask_owner");
            HolderEntry::write(output, "holder", &pair.holder);
            AddressText::write(output, "address", &pair.address);
        }
    }
    Instant::write(output, "expires", &issued.expires);
}
