//! What was looked at, as sentences.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::decision::{Place, Stage};
use crate::distinct::Distinct;
use crate::gather::Depth;
use crate::observer::{Note, Observer};
use crate::policy::{Proof, Strength};
use crate::snapshot::layout::Read;
use crate::snapshot::page::Listed;
use crate::snapshot::rows::{DomainRow, IdentityExtra, IdentityRow, domain, identity};
use crate::time::Timestamp;

use super::{Step, View};

/// Writes down what the judge looks at.
pub(super) struct Recorder {
    view: View,
    place: Option<Place>,
    /// Where the names stand, within the snapshot, of those that were said to hold the address.
    holders: Distinct<*const u8>,
    /// What was said to be unreadable.
    unread: Distinct<Place>,
    steps: Vec<Step>,
}

impl Recorder {
    pub(super) fn new(view: View) -> Self {
        Self { view, place: None, holders: Distinct::new(), unread: Distinct::new(), steps: Vec::new() }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Whether a note was taken before. That somebody else holds the address may come twice, because it is looked up in a table
    /// of all tenants, and that a field cannot be read, because one that grants nothing is read once more for `hosted`.
    fn is_again(&mut self, note: &Note<'_>) -> bool {
        let name = match note {
            Note::Protected { account, .. } => account.id(),
            Note::DomainHeld { row } => row.name(),
            Note::Address { .. }
            | Note::Allowlist { .. }
            | Note::Control { .. }
            | Note::Denied
            | Note::Domain { .. }
            | Note::DomainAbove { .. }
            | Note::Identity { .. }
            | Note::OwnAddress { .. } => return false,
            Note::Unread { place, .. } => return !self.unread.is_new(*place),
        };
        name.is_ok_and(|name| !self.holders.is_new(name.as_ptr()))
    }
}

impl Observer for Recorder {
    fn depth(_proof: Proof) -> Depth {
        Depth::Everything
    }

    fn note<'s>(&mut self, note: impl FnOnce() -> Note<'s>) {
        let note = note();
        if let Note::Address { place } = note {
            self.place = Some(place);
            self.holders = Distinct::new();
            return;
        }
        if let Note::Unread { place, .. } = note {
            self.place = Some(place);
        }
        if self.is_again(&note) {
            return;
        }
        // A page that cannot be read has already deferred the decision; there is nothing to say of it.
        if let Ok(Some(text)) = describe(&note, self.view) {
            self.steps.push(Step { place: self.place, text });
        }
    }
}

fn describe(note: &Note<'_>, view: View) -> Read<Option<String>> {
    Ok(Some(match *note {
        Note::Address { place: _ } => return Ok(None),
        Note::Unread { place: at, why } => {
            let field = match at.subject.stage() {
                // Several may have this subject.
                Stage::Message => format!(" (header field {})", at.field),
                Stage::Envelope | Stage::Session => String::new(),
            };
            format!("`{}`{field} cannot be read from octet {} on: {why}", at.subject.name(), at.span.start)
        }
        Note::Control { control, strength, exempted } => {
            let strength = match strength {
                Strength::Off => "off",
                Strength::Monitor => "monitored",
                Strength::Enforce => "enforced",
            };
            format!(
                "control `{}` is {strength}{}",
                control.name(),
                if exempted { ", but the account is exempted" } else { "" }
            )
        }
        Note::Allowlist { scope, listed } => match listed {
            Listed::NoList => format!("no allowlist of the {scope} binds this channel"),
            Listed::Yes => format!("the allowlist of the {scope} contains the client address"),
            Listed::No => format!("the allowlist of the {scope} does not contain the client address"),
        },
        Note::OwnAddress { exact, counted } => format!(
            "it is {}the account's own address, which {}",
            if exact { "" } else { "a sub-address of " },
            if counted { "counts" } else { "is neither assigned by the provider nor at a verified active domain" }
        ),
        Note::Domain { row, stopped: true, listed: _, approval: _ } if view == View::Tenant => {
            format!("domain `{}` does not cover this sub-domain", show(row.name()?))
        }
        Note::Domain { row, listed, approval, stopped } => domain_text(row, listed, approval, stopped)?,
        Note::DomainAbove { row } => {
            format!("domain `{}` does not include its sub-domains", show(row.name()?))
        }
        Note::Identity { row, exact, counts, usable } => identity_text(row, exact, counts, usable)?,
        Note::Protected { account, same_tenant, opened } => {
            if view == View::Tenant && !same_tenant {
                return Ok(None);
            }
            format!(
                "it is the own address of account `{}`{}, {}",
                show(account.id()?),
                if same_tenant { "" } else { " of another tenant" },
                if opened { "which is open to this account" } else { "which only an exact right reaches" }
            )
        }
        Note::DomainHeld { row } => {
            if view == View::Tenant {
                return Ok(None);
            }
            format!("another tenant holds domain `{}`", show(row.name()?))
        }
        Note::Denied => "a deny entry names it".to_string(),
    }))
}

fn domain_text(row: DomainRow<'_>, listed: bool, approval: bool, stopped: bool) -> Read<String> {
    let flags = row.flags();
    let name = show(row.name()?);
    let since = since(flags & domain::HAS_SINCE != 0, row.since()?.unwrap_or(0));
    Ok(if stopped {
        format!("domain `{name}` does not reach below a sub-domain that has its own proof")
    } else if flags & domain::ACTIVE == 0 {
        format!("domain `{name}` is not active")
    } else if flags & domain::SUSPENDED != 0 {
        format!("domain `{name}` is suspended{since}")
    } else if flags & domain::VERIFIED == 0 {
        format!("domain `{name}` is pending{since}")
    } else if approval && flags & domain::APPROVED == 0 {
        format!("domain `{name}` is verified{since}, but not approved")
    } else if listed {
        format!("domain `{name}` is verified{since} and may be used by this account")
    } else {
        format!("domain `{name}` is verified{since}, but does not list this account")
    })
}

fn identity_text(row: IdentityRow<'_>, exact: bool, counts: bool, usable: bool) -> Read<String> {
    let flags = row.flags();
    let instant = row.extra()?.map_or(0, IdentityExtra::since);
    let since = since(flags & identity::HAS_SINCE != 0, instant);
    let holder = if row.holder()? == 0 { "tenant" } else { "account" };
    let address = format!("{}@{}", show(row.local()?), show(row.domain()?));
    let state = if flags & identity::REFUSED != 0 {
        "was refused by the mailbox owner"
    } else if flags & identity::WITHDRAWN != 0 {
        "was withdrawn by the mailbox owner"
    } else if counts && usable {
        "counts and may be used by this account"
    } else if counts {
        "counts, but not for this account in this role"
    } else if flags & identity::VERIFIED != 0 {
        "is verified by an Admin, but its domain is not proved"
    } else {
        "is pending"
    };
    let relation = if exact { "" } else { ", which the address is a sub-address of," };
    Ok(format!("identity `{address}` of the {holder}{relation} {state}{since}"))
}

fn since(known: bool, instant: i64) -> String {
    if known { format!(" since {}", Timestamp(instant)) } else { String::new() }
}

pub(super) fn show(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use crate::policy::{Account, Mode, Policy, Tenant};
    use crate::{Channel, EnvelopeSender, HashKey, Header, Options, Request, Snapshot, Timestamp, View};

    /// Returns the steps about what cannot be read.
    fn unread(path: &[u8], header: Header<'_>) -> Vec<String> {
        let mut tenant = Tenant::new("acme");
        tenant.accounts = vec![Account::new("alice")];
        tenant.accounts[0].resend = true;
        // Then a field that grants nothing is read once more, for `hosted`.
        tenant.controls.header = Mode::Monitor;
        let policy = Policy { tenants: vec![tenant], ..Policy::default() };
        let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([7; 16]))).expect("a policy");
        let mut request = Request::new(Channel::Smtp, Timestamp(1_790_000_000));
        request.account = Some(b"alice");
        request.envelope_sender = EnvelopeSender::Path(path);
        request.header = header;
        let explained = snapshot.explain(&request, View::Tenant);
        explained.steps.into_iter().map(|step| step.text).filter(|text| text.contains("cannot be read")).collect()
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let from = |body: &'static [u8]| [(&b"From"[..], body)];
        for (body, step) in [
            (
                &b" A <@b.example:a@b.example>"[..],
                "`from` (header field 0) cannot be read from octet 4 on: a source route",
            ),
            (b" a(x)@b.example", "`from` (header field 0) cannot be read from octet 1 on: a comment inside an address"),
            (
                b" =?x?q?a?= <a@b.example>",
                "`from` (header field 0) cannot be read from octet 1 on: an encoded-word of an unknown charset",
            ),
        ] {
            assert_eq!(unread(b"<>", Header::Fields(&from(body))), [step]);
        }
        let step = "`envelope_sender` cannot be read from octet 1 on: the reverse-path has a source route";
        let good = from(b" a@b.example");
        assert_eq!(unread(b"<@b.example:a@b.example>", Header::Fields(&good)), [step]);
        assert!(unread(b"<>", Header::Fields(&good)).is_empty());
    }

    #[test]
    fn each_field_that_cannot_be_read_is_named_once() {
        let header = b"From: a@b.example\r\nResent-Date: x\r\nResent-From: a(x)@b.example\r\nResent-Sender: (\r\n\r\n";
        let fields: [(&[u8], &[u8]); 4] = [
            (b"From", b" a@b.example"),
            (b"Resent-Date", b" x"),
            (b"Resent-From", b" a(x)@b.example"),
            (b"Resent-Sender", b" b(x)@b.example"),
        ];
        for (header, [from, sender]) in [
            (
                Header::Fields(&fields),
                [
                    "`resent` (header field 2) cannot be read from octet 1 on: a comment inside an address",
                    "`resent` (header field 3) cannot be read from octet 1 on: a comment inside an address",
                ],
            ),
            (
                Header::Block(header),
                [
                    "`resent` (header field 2) cannot be read from octet 48 on: a comment inside an address",
                    "`resent` (header field 3) cannot be read from octet 79 on: an unbalanced parenthesis",
                ],
            ),
        ] {
            assert_eq!(unread(b"<>", header), [from, sender]);
        }
    }
}
