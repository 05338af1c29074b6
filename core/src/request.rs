//! What a host knows about one attempt to send.

use core::net::IpAddr;

use crate::decision::{Place, Subject};
use crate::time::Timestamp;

/// One attempt to send: everything the engine may look at, and nothing else.
///
/// All text is octets as the host received them; parsing happens inside. A fact that a rule needs
/// and the request lacks denies with its own reason: it never permits, and "missing" is never "empty".
///
/// ```
/// use sendas::{Channel, EnvelopeSender, Request, Timestamp};
/// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
/// request.account = Some(b"alice@acme.example");
/// request.envelope_sender = EnvelopeSender::Path(b"<news@acme.example>");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The instant of the decision.
    pub now: Timestamp,
    /// The way in which the message is handed over.
    pub channel: Channel,
    /// The authenticated account's id, compared byte for byte; `None` when not authenticated.
    pub account: Option<&'a [u8]>,
    /// The role in which the account acts; `None` for all roles that the account holds.
    pub role: Option<&'a [u8]>,
    /// The client's network address.
    pub client_ip: ClientIp<'a>,
    /// What the account authenticated with.
    pub credential: Option<CredentialFacts<'a>>,
    /// Transport encryption of the client's connection; `None` when not known.
    pub tls: Option<Tls>,
    /// Whether the client asked for SMTPUTF8 (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// The reverse-path of MAIL FROM.
    pub envelope_sender: EnvelopeSender<'a>,
    /// The header section of the message.
    pub header: Header<'a>,
}

impl<'a> Request<'a> {
    /// Creates a request in which nothing but the channel and the instant is known.
    #[must_use]
    pub const fn new(channel: Channel, now: Timestamp) -> Self {
        Self {
            now,
            channel,
            account: None,
            role: None,
            client_ip: ClientIp::Unknown,
            credential: None,
            tls: None,
            smtputf8: false,
            envelope_sender: EnvelopeSender::Unknown,
            header: Header::NotGiven,
        }
    }
}

/// The way in which a message is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the four channels are the model; a fifth is a breaking change")]
#[repr(u8)]
pub enum Channel {
    /// Message submission over SMTP (RFC 6409).
    Smtp,
    /// An HTTP or JMAP interface.
    Api,
    /// A webmail front end.
    Webmail,
    /// The administration panel.
    Panel,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Smtp, Self::Api, Self::Webmail, Self::Panel];

    /// Returns the name used in policies, such as `smtp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Api => "api",
            Self::Webmail => "webmail",
            Self::Panel => "panel",
        }
    }

    /// Returns the channel with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// The client's network address, as far as the host knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host either knows the address, has its text, or does not know it")]
pub enum ClientIp<'a> {
    /// The host does not know it.
    Unknown,
    /// The address; an IPv4-mapped IPv6 address counts as IPv4 (RFC 4291 §2.5.5.2).
    Address(IpAddr),
    /// The address as text; text that is no address is in no allowlist.
    Text(&'a [u8]),
}

/// What the account authenticated with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CredentialFacts<'a> {
    /// The kind of credential.
    pub kind: CredentialKind,
    /// The credential's id, compared byte for byte; never the secret.
    pub id: Option<&'a [u8]>,
    /// The scopes that the credential presented; `None` when it presented none of its own.
    pub scopes: Option<&'a [&'a [u8]]>,
}

impl CredentialFacts<'_> {
    /// Creates the facts of a credential of which only the kind is known.
    #[must_use]
    pub const fn new(kind: CredentialKind) -> Self {
        Self { kind, id: None, scopes: None }
    }
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the four kinds are the model; a fifth is a breaking change")]
#[repr(u8)]
pub enum CredentialKind {
    /// Account name and password ("basic").
    Password,
    /// A key issued for programs.
    ApiKey,
    /// An OAuth token (RFC 7628).
    Oauth,
    /// A TLS client certificate (SASL EXTERNAL).
    ClientCert,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Password, Self::ApiKey, Self::Oauth, Self::ClientCert];

    /// Returns the name used in policies, such as `api_key`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ApiKey => "api_key",
            Self::Oauth => "oauth",
            Self::ClientCert => "client_cert",
        }
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Transport encryption of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3207 and RFC 8314 know no other state")]
pub enum Tls {
    /// Not encrypted.
    Plain,
    /// Encrypted after STARTTLS (RFC 3207).
    Starttls,
    /// Encrypted from the first octet (RFC 8314).
    Implicit,
}

impl Tls {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Starttls, Self::Implicit];

    /// Returns the name used in records, such as `starttls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
        }
    }

    /// Returns the state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tls| tls.name() == name)
    }
}

/// The envelope sender (RFC 5321 reverse-path).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a reverse-path is null, in one of two spellings, or not known")]
pub enum EnvelopeSender<'a> {
    /// The host does not know it.
    Unknown,
    /// The null reverse-path, `<>`.
    Null,
    /// The octets as in MAIL FROM, angle brackets optional; empty ones are a syntax error, `<>` is null.
    Path(&'a [u8]),
    /// The internal form that Postfix hands to policy services: not quoted, split at the last `@`; empty octets are a syntax error.
    Unquoted(&'a [u8]),
}

/// The header section of the message (RFC 5322 §2.1), as far as the host has it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a header is not given, given as fields, or given as a block")]
pub enum Header<'a> {
    /// The host does not have it (yet).
    NotGiven,
    /// Every field of the header in its order, as name and raw body (without the colon and the final CRLF).
    Fields(&'a [(&'a [u8], &'a [u8])]),
    /// The raw header block, up to and with the empty line that ends it, if there is one; what follows is not read.
    Block(&'a [u8]),
}

impl Place {
    /// Returns the octets that stand here in the request that was decided, or `None` where the place is of no octets.
    ///
    /// ```
    /// use sendas::{Channel, EnvelopeSender, Place, Request, Span, Subject, Timestamp};
    /// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    /// request.envelope_sender = EnvelopeSender::Path(b"<news@acme.example>");
    /// let place = Place { subject: Subject::EnvelopeSender, field: 0, span: Span { start: 1, end: 18 } };
    /// assert_eq!(place.octets(&request), Some(&b"news@acme.example"[..]));
    /// assert_eq!(Place::of(Subject::Account).octets(&request), None);
    /// ```
    #[must_use]
    pub fn octets<'a>(&self, request: &Request<'a>) -> Option<&'a [u8]> {
        let whole = match self.subject {
            Subject::Account | Subject::Role | Subject::Credential | Subject::ClientIp | Subject::Tls => return None,
            Subject::EnvelopeSender => match request.envelope_sender {
                EnvelopeSender::Path(octets) | EnvelopeSender::Unquoted(octets) => octets,
                EnvelopeSender::Null | EnvelopeSender::Unknown => return None,
            },
            Subject::Header | Subject::From | Subject::Sender | Subject::Resent => match request.header {
                Header::Fields(fields) => fields.get(self.field as usize)?.1,
                Header::Block(block) => block,
                Header::NotGiven => return None,
            },
        };
        Some(self.span.of(whole)).filter(|octets| !octets.is_empty())
    }
}
