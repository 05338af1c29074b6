//! Everything that keeps a field from being read, or its text from being authorised.

use core::fmt;

/// The reason why a field cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{construct}")]
pub struct FieldError {
    pub(super) construct: Construct,
    pub(super) offset: u32,
}

impl FieldError {
    /// Returns the construct that was found.
    #[must_use]
    pub const fn construct(&self) -> Construct {
        self.construct
    }

    /// Returns the octet of the body at which it shows.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

/// What a construct means for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each is a reason of its own; a new one is a breaking change")]
pub enum FieldClass {
    /// The field is over a limit.
    Limit,
    /// Not RFC 5322.
    Syntax,
    /// Known to some standard, but two readers could read it differently.
    Ambiguous,
    /// The field has groups, and none has a member.
    GroupEmpty,
    /// More mailboxes than the limit.
    TooManyMailboxes,
}

/// Whether the standards know a construct.
enum Standing {
    Known,
    Unknown,
}

impl Standing {
    const fn is_known(&self) -> bool {
        matches!(self, Self::Known)
    }
}

macro_rules! constructs {
    ($( $(#[doc = $doc:literal])+ $variant:ident, $class:ident, $standing:ident, $text:literal; )+) => {
        /// What keeps a field from being read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Construct { $( $(#[doc = $doc])+ $variant, )+ }

        impl Construct {
            /// Every construct.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Returns the description, such as `a second angle address after the first`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }

            /// Returns what it means for the decision.
            #[must_use]
            pub const fn class(self) -> FieldClass {
                match self { $( Self::$variant => FieldClass::$class, )+ }
            }

            /// Tells whether RFC 5322 with its obsolete forms, RFC 6532 or RFC 6854 knows it.
            ///
            /// What they know has one meaning to those who read by them; it is refused because others do not. Of what
            /// they do not know, [`says`](super::header::says) tells what most readers make of it.
            #[must_use]
            pub const fn is_standard(self) -> bool {
                match self { $( Self::$variant => Standing::$standing.is_known(), )+ }
            }
        }
    };
}

constructs! {
    /// The body is over the limit of octets.
    FieldTooLong, Limit, Known, "a field over the limit of octets";
    /// Comments are nested deeper than the limit.
    CommentTooDeep, Limit, Known, "comments nested deeper than the limit";
    /// More mailboxes than the limit.
    TooManyMailboxes, TooManyMailboxes, Known, "more mailboxes than the limit";
    /// There are groups, and none has a member (RFC 6854).
    EmptyGroup, GroupEmpty, Known, "a group without a member";

    /// An octet sequence that is not UTF-8 (RFC 6532 §3.1).
    InvalidUtf8, Syntax, Unknown, "octets that are not UTF-8";
    /// The field, or a pair of angle brackets, holds nothing.
    MissingMailbox, Syntax, Unknown, "no mailbox";
    /// Words without an address.
    MissingAddress, Syntax, Unknown, "words without an address";
    /// An at sign with nothing before it.
    MissingLocalPart, Syntax, Unknown, "an at sign with nothing before it";
    /// An at sign with no domain after it.
    MissingDomain, Syntax, Unknown, "an at sign without a domain after it";
    /// A colon with no group name before it.
    MissingGroupName, Syntax, Unknown, "a colon without a group name before it";
    /// A dot at the start or end of a name, local part or domain, or next to another dot.
    MisplacedDot, Syntax, Unknown, "a dot at an edge or beside another dot";
    /// An address literal that is neither IPv4 nor tagged IPv6.
    InvalidLiteral, Syntax, Known, "an address literal that is neither IPv4 nor tagged IPv6";
    /// A local part over 64 octets, a domain over 255, or an address over 254 (RFC 5321 §4.5.3.1).
    AddressTooLong, Syntax, Known, "an address over the lengths of RFC 5321";
    /// A quoted string that does not end.
    UnbalancedQuote, Syntax, Unknown, "a quoted string that does not end";
    /// A comment that does not end, or one that ends and has not begun.
    UnbalancedComment, Syntax, Unknown, "an unbalanced parenthesis";
    /// An angle bracket or square bracket without its partner.
    UnbalancedBracket, Syntax, Unknown, "an unbalanced bracket";
    /// A group that is never ended.
    GroupNotEnded, Syntax, Unknown, "a group that is not ended";
    /// A semicolon outside of a group.
    StraySemicolon, Syntax, Unknown, "a semicolon outside of a group";
    /// A character that may not stand there.
    UnexpectedCharacter, Syntax, Unknown, "a character that may not stand there";

    /// A second angle address after the first.
    TwoAngleAddresses, Ambiguous, Unknown, "a second angle address after the first";
    /// Words or an address after a complete mailbox.
    TrailingText, Ambiguous, Unknown, "text after a complete mailbox";
    /// An at sign among words without quotes.
    AtSignInPhrase, Ambiguous, Unknown, "an at sign in a name without quotes";
    /// A second at sign after an address.
    SecondAtSign, Ambiguous, Unknown, "a second at sign in an address";
    /// A source route (RFC 5322 §4.4 `obs-route`).
    Route, Ambiguous, Known, "a source route";
    /// A comment inside an addr-spec, or between angle brackets.
    CommentInAddress, Ambiguous, Known, "a comment inside an address";
    /// White space inside an addr-spec, other than a space in quotes.
    SpaceInAddress, Ambiguous, Known, "white space inside an address";
    /// Quoted strings and atoms mixed in a local part (RFC 5322 §4.4 `obs-local-part`).
    MixedLocalPart, Ambiguous, Known, "a local part of both atoms and quoted strings";
    /// Words of a local part that have no dot, or more than one, between them.
    AdjacentWords, Ambiguous, Unknown, "words of a local part without a single dot between them";
    /// Something like an encoded-word where an address stands (RFC 2047 §5).
    EncodedWordInAddress, Ambiguous, Known, "an encoded-word where an address stands";
    /// A backslash before a character that is not ASCII, in a quoted local part (RFC 6532 §3.2; not RFC 6531 §3.3).
    QuotedNonAscii, Syntax, Known, "a backslash before a character that is not ASCII";
    /// An angle bracket, at sign or comma in a quoted local part, where a reader that looks for them finds another address.
    QuotedDelimiter, Ambiguous, Known, "an angle bracket, at sign or comma in a quoted local part";
    /// A space at the beginning or end of a quoted local part, where a reader that trims finds another mailbox.
    QuotedSpace, Ambiguous, Known, "a space at the beginning or end of a quoted local part";
    /// An at sign and a fold within quotes or comments of one field: a reader that ends these at the fold finds an address.
    AtSignAndFold, Ambiguous, Known, "an at sign and a fold within quotes or comments";
    /// A quoted parenthesis behind a fold within quotes or comments: to a reader that ends these at the fold it opens a
    /// comment, which hides where the address begins.
    ParenthesisBehindFold, Ambiguous, Known, "a quoted parenthesis behind a fold within quotes or comments";
    /// Nothing between two commas, or before the first or after the last.
    EmptyElement, Ambiguous, Known, "an empty element of the list";
    /// A group without a member beside mailboxes or other groups with members.
    EmptyGroupAmongOthers, Ambiguous, Known, "a group without a member beside mailboxes";
    /// A group inside a group.
    NestedGroup, Ambiguous, Unknown, "a group inside a group";
    /// A NUL.
    Nul, Ambiguous, Unknown, "a NUL";
    /// A CR or LF that folds no line.
    BareLineEnd, Ambiguous, Unknown, "a CR or LF that folds no line";
    /// A fold that leaves a line of white space only (RFC 5322 §3.2.2).
    BlankFold, Ambiguous, Known, "a folded line of white space only";
    /// A control character other than those.
    Control, Ambiguous, Known, "a control character";
    /// A control character after a backslash (RFC 5322 §4.1 `obs-qp`).
    QuotedControl, Ambiguous, Known, "a control character after a backslash";
    /// A bidirectional control: in an address any, in a name one that embeds, overrides or isolates.
    BidiControl, Ambiguous, Known, "a bidirectional control character";
}

impl fmt::Display for Construct {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}
