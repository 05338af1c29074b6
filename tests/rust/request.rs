//! A request as structure: what was meant, before it is written as octets.

use std::net::IpAddr;

use sendas::{Channel, CredentialKind, Reason, Timestamp, Tls};

/// One attempt to send, as structure.
#[derive(Clone, Debug)]
pub struct Request {
    /// The instant of the decision.
    pub now: Timestamp,
    /// How the message is handed over.
    pub channel: Channel,
    /// The account, if authenticated.
    pub account: Option<String>,
    /// The role, if named.
    pub role: Option<String>,
    /// The client's address.
    pub client: Client,
    /// What the account authenticated with.
    pub credential: Option<Credential>,
    /// Transport encryption, if known.
    pub tls: Option<Tls>,
    /// Whether SMTPUTF8 was asked for.
    pub smtputf8: bool,
    /// The envelope sender.
    pub envelope: Envelope,
    /// The header.
    pub header: Header,
}

/// The client's address.
#[derive(Clone, Debug)]
pub enum Client {
    /// Not known.
    Unknown,
    /// Known as a value.
    Address(IpAddr),
    /// Known as text that is an address.
    Text(IpAddr),
    /// Known as text that is no address.
    Nonsense(&'static str),
}

/// What the account authenticated with.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its kind.
    pub kind: CredentialKind,
    /// Its id, if given.
    pub id: Option<String>,
    /// The scopes it presented, if any.
    pub scopes: Option<Vec<String>>,
}

/// The envelope sender.
#[derive(Clone, Debug)]
pub enum Envelope {
    /// Not known.
    Unknown,
    /// The null reverse-path.
    Null,
    /// The null reverse-path, written as `<>`.
    NullPath,
    /// An address as in MAIL FROM.
    Path {
        /// The address.
        address: Spelling,
        /// Whether angle brackets stand around it.
        brackets: bool,
    },
    /// An address in the internal form, which has no quotes.
    Unquoted(Spelling),
    /// Octets as in MAIL FROM that are no reverse-path.
    BrokenPath(&'static str),
    /// Octets in the internal form that are no address.
    BrokenUnquoted(&'static str),
}

/// An address by value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// The local part, without quotes.
    pub local: String,
    /// Lower-case A-labels, or a literal in canonical form.
    pub domain: String,
}

impl Value {
    /// Takes an address of the policy apart.
    #[must_use]
    pub fn of(address: &sendas::Address) -> Self {
        Self { local: address.local().to_owned(), domain: address.domain().to_owned() }
    }
}

/// An address as it is written in a request.
#[derive(Clone, Debug)]
pub struct Spelling {
    /// What is meant.
    pub value: Value,
    /// Whether the local part is quoted without need.
    pub quoted: bool,
    /// How the domain is written.
    pub domain: DomainForm,
    /// What makes it not canonical, if anything.
    pub flaw: Option<Flaw>,
}

/// How a domain is written; every form means the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainForm {
    /// As its value.
    Plain,
    /// In capitals.
    Capitals,
    /// With U-labels.
    Unicode,
}

/// What makes a well-formed address not canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The local part ends in a letter and a combining accent that NFC would join.
    Decomposed,
    /// The local part begins with KELVIN SIGN, which NFC makes a K, and Unicode lower-case a k.
    Kelvin,
    /// The local part ends in a soft hyphen, which is default-ignorable.
    Ignorable,
    /// The domain begins with a full-width letter, which UTS 46 maps.
    Mapped,
}

/// The header.
#[derive(Clone, Debug)]
pub enum Header {
    /// Not given.
    NotGiven,
    /// Given as names and bodies.
    Fields(Vec<Field>),
    /// Given as one block.
    Block(Vec<Field>, Option<Damage>),
    /// Given, and longer than its limit because of a field that nothing looks at.
    Oversized {
        /// The other fields.
        fields: Vec<Field>,
        /// Whether it is given as one block.
        block: bool,
    },
}

/// What makes a raw block ambiguous; it stands at the block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A line ended by CR alone.
    BareCr,
    /// A line ended by LF alone.
    BareLf,
    /// NUL in another field.
    Nul,
    /// A line without a colon.
    NoField,
    /// A line as mbox files have it.
    Mbox,
    /// The block's first line begins with a space.
    FoldedFirst,
    /// A continuation of white space only.
    BlankFold,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Which.
    pub kind: Kind,
    /// Whether its name is written in odd case.
    pub odd_case: bool,
    /// Its body.
    pub body: Body,
}

/// Which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From.
    From,
    /// Sender.
    Sender,
    /// Resent-From.
    ResentFrom,
    /// Resent-Sender.
    ResentSender,
    /// Resent-Date.
    ResentDate,
    /// Another Resent field, such as Resent-To.
    ResentOther,
    /// A field that nothing looks at.
    Other,
    /// A name that is one of the above only after white space, controls or odd spaces are taken out.
    Disguised(&'static str),
}

impl Kind {
    /// Whether it is any Resent field.
    #[must_use]
    pub fn is_resent(self) -> bool {
        matches!(self, Self::ResentFrom | Self::ResentSender | Self::ResentDate | Self::ResentOther)
    }
}

/// The body of a field.
#[derive(Clone, Debug)]
pub enum Body {
    /// A list of mailboxes and groups.
    List(Vec<Item>),
    /// Text that is no list and need not be one.
    Text(&'static str),
    /// An address field that must not be read, with the reason From gives for it.
    Broken(&'static str, Reason),
    /// A single mailbox behind so much white space that the field is over its limit.
    Oversized(Mailbox),
    /// A single mailbox with a comment nested deeper than the limit.
    Deep(Mailbox),
}

/// One element of a list.
#[derive(Clone, Debug)]
pub enum Item {
    /// A mailbox.
    Mailbox(Mailbox),
    /// A group of mailboxes.
    Group(Name, Vec<Mailbox>),
}

/// A mailbox with what stands around it.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// The display name, in which case the address stands in angle brackets.
    pub name: Option<Name>,
    /// The address.
    pub address: Spelling,
    /// A comment behind it.
    pub comment: Option<Name>,
}

/// A display name, group name or comment.
#[derive(Clone, Debug)]
pub struct Name {
    /// What it shows.
    pub shown: Shown,
    /// How it is written.
    pub form: NameForm,
}

/// What a name shows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Words without an address.
    Words(&'static str),
    /// Words around an address.
    Address(Value),
    /// An encoded-word that cannot be decoded.
    Undecodable,
}

/// How a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    /// As a quoted string (in a comment: as it stands).
    Quoted,
    /// As an encoded-word in base64.
    Base64,
    /// As an encoded-word in the Q encoding.
    Printable,
}

impl Spelling {
    /// Spells a value in the plainest way.
    #[must_use]
    pub fn plain(value: Value) -> Self {
        Self { value, quoted: false, domain: DomainForm::Plain, flaw: None }
    }
}

impl Body {
    /// Every mailbox of the body in its order, group members too; none of a body that must not be read.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<&Mailbox> {
        let mut mailboxes = Vec::new();
        if let Self::List(items) = self {
            for item in items {
                match item {
                    Item::Mailbox(mailbox) => mailboxes.push(mailbox),
                    Item::Group(_, members) => mailboxes.extend(members),
                }
            }
        }
        mailboxes
    }

    /// Every name of the body in its order.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        if let Self::List(items) = self {
            for item in items {
                let members = match item {
                    Item::Mailbox(mailbox) => std::slice::from_ref(mailbox),
                    Item::Group(name, members) => {
                        names.push(name);
                        members.as_slice()
                    }
                };
                for mailbox in members {
                    names.extend(&mailbox.name);
                    names.extend(&mailbox.comment);
                }
            }
        }
        names
    }

    /// Whether a group stands in it.
    #[must_use]
    pub fn has_group(&self) -> bool {
        matches!(self, Self::List(items) if items.iter().any(|item| matches!(item, Item::Group(..))))
    }

    /// Whether a group without members stands in it.
    #[must_use]
    pub fn has_empty_group(&self) -> bool {
        matches!(self, Self::List(items)
            if items.iter().any(|item| matches!(item, Item::Group(_, members) if members.is_empty())))
    }
}
