//! A request as what is meant by it, and how it is written down.

use sendas::{Channel, CredentialKind, Reason, Tls};

use super::super::attempt::{Attempt, Case, Fields};

/// A request as structure; [`Draft::attempt`] writes it as text.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Draft {
    /// What it is an example of.
    pub case: Case,
    /// The channel.
    pub channel: Channel,
    /// The authenticated account.
    pub account: String,
    /// The role it acts in.
    pub role: Option<String>,
    /// The client's address.
    pub client: String,
    /// The kind of credential.
    pub credential: CredentialKind,
    /// The credential's id.
    pub credential_id: Option<String>,
    /// The scope that the credential presented.
    pub scopes: Option<String>,
    /// Transport encryption.
    pub tls: Tls,
    /// The envelope sender.
    pub path: Path,
    /// The header.
    pub fields: Vec<Field>,
}

/// An envelope sender.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum Path {
    /// The null reverse-path.
    Null,
    /// An address.
    Address(Spelling),
    /// Text that is no reverse-path.
    Broken(&'static str),
}

/// An address, and how it is written.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Spelling {
    /// The address, its domain in lower case with A-labels.
    pub address: String,
    /// How the domain is written.
    pub domain: DomainForm,
}

/// How a domain is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum DomainForm {
    /// In lower case.
    Plain,
    /// In capitals.
    Capitals,
    /// With U-labels.
    Unicode,
    /// With a letter that UTS 46 maps to another, so that it is not canonical.
    Mapped,
}

/// One field of the header.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Field {
    /// Its name, as it is written.
    pub name: &'static str,
    /// Its body.
    pub body: Body,
}

/// The body of a field.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum Body {
    /// Mailboxes.
    Mailboxes(Vec<Mailbox>),
    /// A group of mailboxes.
    Group(Vec<Mailbox>),
    /// An address field that cannot be read, and the reason that From gives for it.
    Broken(String, Reason),
    /// Text.
    Text(&'static str),
}

/// A mailbox.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Mailbox {
    /// Its display name.
    pub name: Name,
    /// Its address.
    pub address: Spelling,
}

/// A display name.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum Name {
    /// None.
    None,
    /// Words as they stand.
    Words(String),
    /// Words in quotes.
    Quoted(String),
    /// Words in a comment behind the address.
    Comment(String),
    /// Words in an encoded-word, in the form that is given.
    Encoded(&'static str),
    /// An address in quotes.
    Address(String),
    /// An encoded-word in a charset that does not exist.
    Undecodable,
}

impl Draft {
    /// Writes it as the text that a host has.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        let bodies: Vec<_> = self.fields.iter().map(|field| (field.name, field.body.written())).collect();
        let fields: Vec<_> = bodies.iter().map(|(name, body)| (*name, body.as_str())).collect();
        let path = match &self.path {
            Path::Null => "<>".to_owned(),
            Path::Address(spelling) => format!("<{}>", spelling.written()),
            Path::Broken(text) => (*text).to_owned(),
        };
        let mut attempt = Attempt::new(self.case, self.account.clone(), path, Fields::new(&fields));
        attempt.channel = self.channel;
        attempt.role.clone_from(&self.role);
        attempt.client.clone_from(&self.client);
        attempt.credential = self.credential;
        attempt.credential_id.clone_from(&self.credential_id);
        attempt.scopes.clone_from(&self.scopes);
        attempt.tls = self.tls;
        attempt
    }

    /// The field of this name; each draft that is asked has it.
    pub(super) fn field(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.name == name)
    }
}

impl Spelling {
    /// The address as it is.
    pub(super) fn plain(address: String) -> Self {
        Self { address, domain: DomainForm::Plain }
    }

    fn written(&self) -> String {
        let (local, domain) = self.address.rsplit_once('@').unwrap_or(("", &self.address));
        let domain = match self.domain {
            DomainForm::Plain => domain.to_owned(),
            DomainForm::Capitals => domain.to_ascii_uppercase(),
            DomainForm::Unicode => domain.replace("xn--bcher-kva", "b\u{fc}cher"),
            DomainForm::Mapped => format!("\u{ff57}{domain}"),
        };
        format!("{local}@{domain}")
    }
}

impl Mailbox {
    fn written(&self) -> String {
        let address = self.address.written();
        match &self.name {
            Name::None => address,
            Name::Words(words) => format!("{words} <{address}>"),
            Name::Quoted(words) => format!("\"{words}\" <{address}>"),
            Name::Comment(words) => format!("{address} ({words})"),
            Name::Encoded(word) => format!("{word} <{address}>"),
            Name::Address(shown) => format!("\"for {shown} only\" <{address}>"),
            Name::Undecodable => format!("=?x-no-such-charset?q?abc?= <{address}>"),
        }
    }
}

impl Body {
    fn written(&self) -> String {
        let list = |mailboxes: &[Mailbox]| mailboxes.iter().map(Mailbox::written).collect::<Vec<_>>().join(", ");
        match self {
            Self::Mailboxes(mailboxes) => list(mailboxes),
            Self::Group(mailboxes) => format!("The team: {};", list(mailboxes)),
            Self::Broken(text, _) => text.clone(),
            Self::Text(text) => (*text).to_owned(),
        }
    }
}
