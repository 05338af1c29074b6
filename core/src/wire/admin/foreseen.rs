//! What observations say of a policy, as JSON.

use alloc::string::String;

use crate::analysis::{Change, Choice, Coverage, Preflight, Shares, Standing, Table, Tally, TenantCoverage, Turn};
use crate::decision::Subject;
use crate::reason::Reason;

use super::super::output::Output;
use super::super::write::{optional, string};
use super::codec::{AddressText, ChannelName, Codec, IdText, Instant, LongCount};
use super::observations::{write_fact, write_seen};

impl Preflight {
    /// Writes what is foreseen as JSON on one line, without its end; `docs/administration.md` lists the members.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                output.key("clear").flag(self.is_clear());
                output.key("warnings").array(|output| {
                    for warning in &self.warnings {
                        output.element().object(|output| {
                            string(output, "warning", warning.slug());
                            string(output, "text", &warning.text());
                        });
                    }
                });
                output.key("changes").array(|output| {
                    self.changes.iter().for_each(|one| output.element().object(|output| change(output, one)));
                });
                output.key("figures").array(|output| {
                    for figure in &self.figures {
                        output.element().object(|output| {
                            string(output, "fact", figure.fact);
                            LongCount::write(output, "seen", &figure.seen);
                            LongCount::write(output, "unknown", &figure.unknown);
                            for (turn, count) in Turn::ALL.iter().zip(&figure.turns) {
                                LongCount::write(output, turn.name(), count);
                            }
                        });
                    }
                });
                output.key("blind").object(|output| {
                    LongCount::write(output, "unseen_accounts", &self.blind.unseen_accounts);
                    LongCount::write(output, "unattributed", &self.blind.unattributed);
                    dropped(output, &self.blind.dropped);
                });
            });
        })
    }
}

impl Coverage {
    /// Writes the coverage as JSON on one line, without its end; `docs/administration.md` lists the members.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                output.key("total").object(|output| {
                    LongCount::write(output, "accounts", &self.total().accounts);
                    LongCount::write(output, "accounts_seen", &self.accounts_seen());
                    messages(output, &self.total());
                });
                output.key("tenants").array(|output| {
                    for tenant in &self.tenants {
                        output.element().object(|output| {
                            IdText::write(output, "tenant", &tenant.tenant);
                            LongCount::write(output, "accounts", &tenant.accounts);
                            LongCount::write(output, "accounts_seen", &tenant.accounts_seen());
                            strings(output, "never_seen", &tenant.never_seen);
                            messages(output, tenant);
                        });
                    }
                });
                strings(output, "unknown_accounts", &self.unknown_accounts);
                LongCount::write(output, "unattributed", &self.unattributed);
                dropped(output, &self.dropped);
            });
        })
    }
}

impl Choice {
    /// Writes the choice as JSON on one line, without its end; `docs/administration.md` lists the members.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                IdText::write(output, "tenant", &self.tenant);
                IdText::write(output, "account", &self.account);
                AddressText::write(output, "address", &self.address);
                output.key("fields").array(|output| {
                    self.fields.iter().for_each(|field| output.element().string(field.name()));
                });
                output.key("seen").object(|output| write_seen(output, &self.seen));
                reasons(output, &self.reasons);
                if let Some(command) = &self.command {
                    output.key("command").raw(&command.to_json());
                }
                if let Some(refusal) = &self.refusal {
                    output.key("refusal").raw(&refusal.to_json());
                }
            });
        })
    }
}

impl Tally {
    /// Writes the tally as JSON on one line, without its end: account, table, channel, the members of its fact, and what was seen.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                IdText::write(output, "account", &self.account);
                string(output, "table", self.fact.table().name());
                ChannelName::write(output, "channel", &self.channel);
                write_fact(output, &self.fact);
                write_seen(output, &self.seen);
            });
        })
    }
}

fn change(output: &mut Output, change: &Change) {
    string(output, "turn", change.turn.name());
    Instant::write(output, "from", &change.from);
    optional(output, "tenant", change.tenant.as_deref());
    IdText::write(output, "account", &change.account);
    string(output, "table", change.fact.table().name());
    ChannelName::write(output, "channel", &change.channel);
    output.key("fact").object(|output| write_fact(output, &change.fact));
    output.key("seen").object(|output| write_seen(output, &change.seen));
    reasons(output, &change.reasons);
    output.key("open").array(|output| {
        change.open.iter().copied().map(Subject::name).for_each(|name| output.element().string(name));
    });
}

fn messages(output: &mut Output, tenant: &TenantCoverage) {
    for (name, shares) in [("envelope_sender", &tenant.envelope_sender), ("from", &tenant.from)] {
        output.key(name).object(|output| share(output, shares));
    }
}

fn share(output: &mut Output, shares: &Shares) {
    for standing in Standing::ALL {
        LongCount::write(output, standing.name(), &shares.of(standing));
    }
    LongCount::write(output, "null", &shares.null);
    LongCount::write(output, "unreadable", &shares.unreadable);
    LongCount::write(output, "unknown", &shares.unknown);
}

fn dropped(output: &mut Output, dropped: &[u64; 3]) {
    output.key("dropped").object(|output| {
        for (table, count) in Table::ALL.iter().zip(dropped) {
            LongCount::write(output, table.name(), count);
        }
    });
}

fn reasons(output: &mut Output, reasons: &[Reason]) {
    output.key("reasons").array(|output| reasons.iter().for_each(|one| output.element().string(one.slug())));
}

fn strings(output: &mut Output, key: &str, strings: &[String]) {
    output.key(key).array(|output| strings.iter().for_each(|text| output.element().string(text)));
}
