//! How the peers read a request: the reverse-path by hand, the From field by a mail parser.

use std::borrow::Cow;
use std::net::IpAddr;

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderName, HeaderValue, MessageParser};

use crate::data::Attempt;

/// How a peer finds the From field's mailbox.
pub(super) enum Reader {
    /// The mail parser reads the header block, as its documentation shows, and skips all other fields.
    Header(Box<MessageParser>),
    /// The peer finds the field itself and gives the parser's inner reader nothing but its body.
    Field,
}

/// What a peer looks up, in lower case.
pub(super) struct Read<'a> {
    /// The envelope sender.
    pub(super) envelope: Cow<'a, str>,
    /// The one mailbox of the From field.
    pub(super) from: Cow<'a, str>,
    /// The client; `None` where its text is no address.
    pub(super) client: Option<IpAddr>,
}

impl Reader {
    /// Creates a reader of header blocks.
    pub(super) fn header() -> Self {
        Self::Header(Box::new(MessageParser::new().header_address(HeaderName::From).default_header_ignore()))
    }

    /// Reads an attempt; `None` where it has no envelope sender, or not exactly one From field with one mailbox.
    pub(super) fn read<'a>(&self, attempt: &'a Attempt) -> Option<Read<'a>> {
        let path = attempt.path.strip_prefix('<').and_then(|path| path.strip_suffix('>'))?;
        let HeaderValue::Address(Address::List(mut mailboxes)) = self.from(attempt)? else { return None };
        let (Some(mailbox), true) = (mailboxes.pop(), mailboxes.is_empty()) else { return None };
        let client = attempt.client.parse().ok();
        Some(Read { envelope: lower(Cow::Borrowed(path)), from: lower(mailbox.address?), client })
    }

    fn from<'a>(&self, attempt: &'a Attempt) -> Option<HeaderValue<'a>> {
        match self {
            Self::Header(parser) => {
                let message = parser.parse_headers(attempt.header.block())?;
                let fields = message.parts.into_iter().next()?.headers.into_iter();
                only(fields.filter(|field| field.name == HeaderName::From)).map(|field| field.value)
            }
            Self::Field => {
                let (_, body) = only(attempt.header.lines().filter(|(name, _)| name.eq_ignore_ascii_case("from")))?;
                Some(MessageStream::new(body.as_bytes()).parse_address())
            }
        }
    }
}

/// The domain of an address.
pub(super) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

fn lower(mut text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_mut().make_ascii_lowercase();
    }
    text
}
