//! What a client is told: SMTP replies, HTTP problem details, JMAP errors.
//!
//! All of it is rendered from the first enforced reason and the request. Nothing here names a rule,
//! another tenant or another account, and no octet of the request can break a line.

use alloc::string::{String, ToString};
use core::fmt::{self, Write as _};

use crate::decision::{Action, Decision, Finding, Stage, Subject};
use crate::reason::Jmap;
use crate::request::Request;

/// Which reply codes a host wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a further profile is a breaking change for hosts that match on it")]
pub enum Profile {
    /// 550 5.7.1 for missing rights (RFC 6409 §6.1).
    #[default]
    Rfc6409,
    /// 553 5.7.1 for missing rights, as Postfix replies.
    Postfix,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 2] = [Self::Rfc6409, Self::Postfix];

    /// Returns the name, such as `rfc6409`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc6409 => "rfc6409",
            Self::Postfix => "postfix",
        }
    }
}

/// An SMTP reply of one line (RFC 5321 §4.2, RFC 3463).
///
/// Its text is printable ASCII, or UTF-8 without controls where the request has SMTPUTF8; the whole
/// line has at most 512 octets with its CRLF (RFC 5321 §4.5.3.1.5). `Display` writes it without the CRLF.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The reply code, such as 550.
    pub code: u16,
    /// The enhanced status code, such as `[5, 7, 1]`.
    pub enhanced: [u8; 3],
    /// The text.
    pub text: String,
}

impl Reply {
    /// Returns the enhanced status code as text, such as `5.7.1`.
    #[must_use]
    pub fn enhanced_text(&self) -> String {
        let [class, subject, detail] = self.enhanced;
        alloc::format!("{class}.{subject}.{detail}")
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.code, self.enhanced_text(), self.text)
    }
}

/// Problem details for an HTTP interface (RFC 9457), of type `about:blank`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status code, such as 403.
    pub status: u16,
    /// The status code's phrase (RFC 9110 §15).
    pub title: &'static str,
    /// The text of the reply.
    pub detail: String,
}

/// A JMAP SetError (RFC 8620 §5.3, RFC 8621 §7.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetError {
    /// The type, such as `forbiddenFrom`.
    pub kind: &'static str,
    /// The text of the reply.
    pub description: String,
}

impl Decision {
    /// Returns the reply for the stage of this decision; `request` is the one that was decided.
    ///
    /// An allowed request, and a denied one that is discarded or held, get a positive reply.
    #[must_use]
    pub fn reply(&self, request: &Request<'_>, profile: Profile) -> Reply {
        let Some(finding) = self.refusal() else { return self.welcome() };
        let (code, enhanced) = finding.reason.smtp_status(self.stage());
        let code = if profile == Profile::Postfix && (code, enhanced) == (550, [5, 7, 1]) { 553 } else { code };
        Reply { code, enhanced, text: text(&finding, request) }
    }

    /// Returns the problem details for an HTTP interface, or `None` where the client is told of success.
    #[must_use]
    pub fn problem(&self, request: &Request<'_>) -> Option<Problem> {
        let finding = self.refusal()?;
        let status = finding.reason.http_status();
        let title = match status {
            401 => "Unauthorized",
            403 => "Forbidden",
            413 => "Content Too Large",
            422 => "Unprocessable Content",
            _ => "Service Unavailable",
        };
        Some(Problem { status, title, detail: text(&finding, request) })
    }

    /// Returns the JMAP error, or `None` where the client is told of success.
    #[must_use]
    pub fn set_error(&self, request: &Request<'_>) -> Option<SetError> {
        let finding = self.refusal()?;
        let kind = match finding.reason.row().jmap {
            Jmap::ByPlace if finding.place.subject == Subject::EnvelopeSender => "forbiddenMailFrom",
            Jmap::ByPlace => "forbiddenFrom",
            Jmap::ForbiddenToSend => "forbiddenToSend",
            Jmap::InvalidEmail => "invalidEmail",
            Jmap::ServerFail => "serverFail",
        };
        Some(SetError { kind, description: text(&finding, request) })
    }

    /// The reason that the client is told, if it is told one.
    fn refusal(&self) -> Option<Finding> {
        match self.action() {
            Action::Reject | Action::Tempfail => self.reasons().first().copied(),
            Action::Accept | Action::Discard | Action::Hold => None,
        }
    }

    fn welcome(&self) -> Reply {
        let at_auth = self.action() == Action::Accept && self.stage() == Stage::Session;
        let (code, enhanced, text) =
            if at_auth { (235, [2, 7, 0], "Authentication successful") } else { (250, [2, 0, 0], "Ok") };
        Reply { code, enhanced, text: text.to_string() }
    }
}

/// Renders the text of a finding, so that the whole line fits.
fn text(finding: &Finding, request: &Request<'_>) -> String {
    let template = finding.reason.row().text;
    let account = printable(request.account.unwrap_or_default(), request).unwrap_or("this account");
    let address = finding.place.octets(request).and_then(|octets| printable(octets, request));
    let full = address.map(|address| fill(template, address, account)).filter(|text| text.len() <= MAX_TEXT);
    full.unwrap_or_else(|| fill(template, "the sender address", account))
}

fn fill(template: &str, address: &str, account: &str) -> String {
    let mut text = String::new();
    for part in template.split_inclusive('}') {
        let (before, member) = part.split_once('{').unwrap_or((part, ""));
        let value = match member {
            "address}" => address,
            "account}" => account,
            other => other,
        };
        // Writing to a string cannot fail.
        let _written = write!(text, "{before}{value}");
    }
    text
}

/// The octets as text, if a reply may hold them.
fn printable<'a>(octets: &'a [u8], request: &Request<'_>) -> Option<&'a str> {
    let text = core::str::from_utf8(octets).ok().filter(|text| !text.is_empty() && text.len() <= MAX_MEMBER)?;
    let fits = |char: char| match char {
        ' '..='~' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        _ => request.smtputf8 && !char.is_ascii() && !char.is_control(),
    };
    text.chars().all(fits).then_some(text)
}

/// The octets of text that fit into a line of 512 with `550 5.7.13 ` and CRLF.
const MAX_TEXT: usize = 512 - 2 - 11;
/// The longest address or account that is rendered: an account id has 128 octets, a path 256.
const MAX_MEMBER: usize = 320;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn every_text_fits_a_line() {
        let longest = "x".repeat(MAX_MEMBER);
        for reason in Reason::ALL {
            let row = reason.row();
            assert!(fill(row.text, "the sender address", &"a".repeat(128)).len() <= MAX_TEXT, "{}", reason.slug());
            assert!(!fill(row.text, &longest, "a").contains('{'));
        }
    }
}
