//! The reason table: everything that can be wrong with a request, one row each.
//!
//! A row holds all facets of a reason: its slug for machines, the control it belongs to, the
//! earliest stage at which it can be found, what SMTP, HTTP and JMAP clients are told, and why.
//! The order of the rows is the order in which reasons are reported (within one stage).
//! Catalogues for other languages and `docs/reasons.md` are generated from this table.

use crate::decision::{Stage, Verdict};

/// One of the switches a tenant or the provider sets to off, monitor or enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the five controls are the model; a sixth is a breaking change")]
pub enum Control {
    /// Whether each address is authorised for the account.
    Sender,
    /// How the header is read, counted and aligned, and what display names may say.
    Header,
    /// Which client addresses may be used.
    Allowlist,
    /// Credential kind, scope and transport encryption.
    Credential,
    /// The provider's own protection of one hosted customer against another.
    Hosted,
}

impl Control {
    /// Every control, in the order in which they are documented.
    pub const ALL: [Self; 5] = [Self::Sender, Self::Header, Self::Allowlist, Self::Credential, Self::Hosted];

    /// Returns the name used in policies, such as `sender`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Header => "header",
            Self::Allowlist => "allowlist",
            Self::Credential => "credential",
            Self::Hosted => "hosted",
        }
    }
}

/// A reply code with its enhanced status code (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u16, pub(crate) [u8; 3]);

/// Which JMAP SetError (RFC 8621 §7.5, RFC 8620 §5.3) a reason maps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jmap {
    /// `forbiddenMailFrom` for the envelope sender, `forbiddenFrom` for a header field.
    ByPlace,
    /// `forbiddenToSend`: the account may not send at all.
    ForbiddenToSend,
    /// `invalidEmail`: the message itself is malformed.
    InvalidEmail,
    /// `serverFail`: try again later.
    ServerFail,
}

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $slug:literal, $stage:ident, $control:expr, $verdict:ident,
        auth $acode:literal $aenh:expr, later $code:literal $enh:expr, http $http:literal, $jmap:ident, $text:expr; )+) => {
        /// Why a request is denied, deferred, or would be denied.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Reason { $( $(#[doc = $doc])+ $variant, )+ }

        impl Reason {
            /// Every reason, in reporting order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            const ROWS: &'static [Row] = &[ $( Row {
                slug: $slug, stage: Stage::$stage, control: $control, verdict: Verdict::$verdict,
                auth: Code($acode, $aenh), later: Code($code, $enh), http: $http, jmap: Jmap::$jmap,
                text: $text, doc: concat!($($doc, "\n"),+),
            }, )+ ];
        }
    };
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) slug: &'static str,
    pub(crate) stage: Stage,
    pub(crate) control: Option<Control>,
    pub(crate) verdict: Verdict,
    pub(crate) auth: Code,
    pub(crate) later: Code,
    pub(crate) http: u16,
    pub(crate) jmap: Jmap,
    pub(crate) text: &'static str,
    pub(crate) doc: &'static str,
}

/// The text of a sender address that the account may not use, whatever the cause; never says whose it is.
pub(crate) const NOT_OWNED: &str = "<{address}>: Sender address rejected: not owned by user {account}";

use Control::{Allowlist, Credential, Header, Hosted, Sender};

reasons! {
    // Enforced always: no control can switch these off.
    /// No snapshot is loaded, so nothing can be decided (RFC 5321 §4.2.1, a transient failure).
    SnapshotUnavailable = "snapshot_unavailable", Session, None, Defer,
        auth 451 [4, 3, 0], later 451 [4, 3, 0], http 503, ServerFail, "Sender authorization is temporarily unavailable";
    /// The snapshot in use is damaged, so nothing read from it counts.
    SnapshotDamaged = "snapshot_damaged", Session, None, Defer,
        auth 451 [4, 3, 0], later 451 [4, 3, 0], http 503, ServerFail, "Sender authorization is temporarily unavailable";
    /// The request names no account: the client has not authenticated (RFC 6409 §4.3).
    AuthenticationRequired = "authentication_required", Session, None, Deny,
        auth 530 [5, 7, 0], later 530 [5, 7, 0], http 401, ForbiddenToSend, "Authentication required";
    /// The account is in no tenant.
    UnknownAccount = "unknown_account", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 401, ForbiddenToSend, "Authentication credentials invalid";
    /// The account's tenant, or one above it, is suspended (RFC 5248 §2.4, X.7.13).
    TenantSuspended = "tenant_suspended", Session, None, Deny,
        auth 535 [5, 7, 13], later 525 [5, 7, 13], http 403, ForbiddenToSend, "User account disabled";
    /// The account is suspended (RFC 5248 §2.4, X.7.13).
    AccountSuspended = "account_suspended", Session, None, Deny,
        auth 535 [5, 7, 13], later 525 [5, 7, 13], http 403, ForbiddenToSend, "User account disabled";
    /// The credential is registered for another account.
    CredentialOfAnotherAccount = "credential_of_another_account", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "Authentication credentials invalid";
    /// The credential has been revoked.
    CredentialRevoked = "credential_revoked", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "Authentication credentials invalid";
    /// The credential has expired.
    CredentialExpired = "credential_expired", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "Authentication credentials invalid";
    /// The request's role is neither built in nor defined by the tenant.
    UnknownRole = "unknown_role", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account may not send mail in this role";
    /// The account does not hold the request's role.
    RoleNotHeld = "role_not_held", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account may not send mail in this role";
    /// The role does not have the permission to send.
    RoleMayNotSend = "role_may_not_send", Session, None, Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account may not send mail in this role";
    /// A field, the header block or a comment's depth is over the limit in force.
    LimitExceeded = "limit_exceeded", Message, None, Deny,
        auth 554 [5, 3, 4], later 554 [5, 3, 4], http 413, InvalidEmail, "Message header exceeds a size limit";

    // Control `credential`.
    /// The policy asks something of the credential and the request gives none, or no id.
    CredentialMissing = "credential_missing", Session, Some(Credential), Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account must authenticate with a registered credential";
    /// The account has registered credentials and this is not one of them.
    UnknownCredential = "unknown_credential", Session, Some(Credential), Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "Authentication credentials invalid";
    /// The credential's kind is refused on this channel or differs from the registered one (RFC 5248, X.7.9).
    CredentialKindRefused = "credential_kind_refused", Session, Some(Credential), Deny,
        auth 534 [5, 7, 9], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This kind of credential is not accepted here";
    /// The credential lacks the scope that the tenant requires.
    ScopeMissing = "scope_missing", Session, Some(Credential), Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This credential does not permit sending mail";
    /// The tenant requires TLS and the connection is not known to use it (RFC 5248, X.7.11; RFC 3207 §4).
    TlsRequired = "tls_required", Session, Some(Credential), Deny,
        auth 538 [5, 7, 11], later 530 [5, 7, 0], http 403, ForbiddenToSend, "Encryption required";

    // Control `allowlist`.
    /// An allowlist binds this channel and the request gives no client address.
    ClientIpMissing = "client_ip_missing", Session, Some(Allowlist), Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account may not send from this client address";
    /// An allowlist that binds this channel does not contain the client address.
    ClientIpNotAllowed = "client_ip_not_allowed", Session, Some(Allowlist), Deny,
        auth 535 [5, 7, 8], later 550 [5, 7, 1], http 403, ForbiddenToSend, "This account may not send from this client address";

    // Control `sender`.
    /// The tenant has no sender that could be authorised, so that everything is denied.
    NoAuthorizedSenders = "no_authorized_senders", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "No sender address is authorized for this account yet";
    /// The envelope sender is not a Reverse-path (RFC 5321 §4.1.2, RFC 6531 §3.3).
    SenderSyntax = "sender_syntax", Envelope, Some(Sender), Deny,
        auth 501 [5, 1, 7], later 501 [5, 1, 7], http 422, ByPlace, "Bad sender address syntax";
    /// The request does not say what the envelope sender is.
    SenderUnknown = "sender_unknown", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 422, ByPlace, "The sender address is missing";
    /// The tenant refuses the null reverse-path (against RFC 6409 §3.2, by its own choice).
    NullSenderRefused = "null_sender_refused", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "Null sender address rejected";
    /// The address has a form that another reader may compare differently (not NFC, mapped by UTS 46, ignorable characters).
    NotCanonical = "not_canonical", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 422, ByPlace, "<{address}>: Sender address rejected: not in canonical form";
    /// A deny entry of the provider, the tenant or the account names the address.
    AddressDenied = "address_denied", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// Nothing gives this account the address.
    AddressNotOwned = "address_not_owned", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// It is the account's own address, but neither assigned by the provider nor at a verified active domain of the tenant.
    OwnAddressUnproved = "own_address_unproved", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: not verified yet";
    /// An identity for the address exists and waits for verification or consent.
    IdentityPending = "identity_pending", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: not verified yet";
    /// The mailbox owner refused consent.
    IdentityRefused = "identity_refused", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// The mailbox owner withdrew consent.
    IdentityWithdrawn = "identity_withdrawn", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// The identity rests on an Admin's word alone, and its domain is not verified by the tenant.
    IdentityUnproved = "identity_unproved", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: not verified yet";
    /// The identity is limited to certain roles, and the account acts in none of them.
    RoleNotPermitted = "role_not_permitted", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// The tenant's domain entry waits for its proof.
    DomainPending = "domain_pending", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: domain not verified yet";
    /// The tenant's domain entry lost its proof at a re-check.
    DomainSuspended = "domain_suspended", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: domain no longer verified";
    /// The tenant set the domain inactive, which denies every address in its scope.
    DomainInactive = "domain_inactive", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: domain not active";
    /// The provider has not approved the domain, and the tenant needs approval.
    DomainNotApproved = "domain_not_approved", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "<{address}>: Sender address rejected: domain not approved yet";
    /// The domain or the identity is for certain accounts, and this is not one of them.
    AccountNotListed = "account_not_listed", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// The address is at a sub-domain that the tenant's domain entry does not reach.
    SubdomainNotCovered = "subdomain_not_covered", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;
    /// The address, or the address it is a sub-address of, is another account's own.
    AddressProtected = "address_protected", Envelope, Some(Sender), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;

    // Control `hosted`.
    /// The address is held by another tenant (VU#244112), or a field that would tell cannot be read.
    AddressOfAnotherTenant = "address_of_another_tenant", Envelope, Some(Hosted), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, NOT_OWNED;

    // Control `header`.
    /// The request gives no header, and the message stage needs one.
    HeaderNotGiven = "header_not_given", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The message header is missing";
    /// A field's name is From, Sender or Resent-* only after white space, controls or characters that are not shown are
    /// removed, or the header block is ambiguous.
    FieldNameAmbiguous = "field_name_ambiguous", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The message header is ambiguous";
    /// The message has no From field (RFC 5322 §3.6).
    FromMissing = "from_missing", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field is missing";
    /// The message has more than one From field (RFC 5322 §3.6).
    FromRepeated = "from_repeated", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field is repeated";
    /// The From field does not follow RFC 5322 §3.6.2.
    FromSyntax = "from_syntax", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "Bad From header field syntax";
    /// The From field is legal, but two readers may read it differently.
    FromAmbiguous = "from_ambiguous", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field is ambiguous";
    /// The From field names nobody: its groups have no members (RFC 6854).
    FromGroupEmpty = "from_group_empty", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field names no mailbox";
    /// The From field has several mailboxes and the tenant does not permit that.
    FromMultiple = "from_multiple", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field has more than one mailbox";
    /// A field has more mailboxes than the limit in force.
    TooManyMailboxes = "too_many_mailboxes", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The From header field has too many mailboxes";
    /// The From field has several mailboxes and there is no Sender field (RFC 5322 §3.6.2).
    SenderMissing = "sender_missing", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The Sender header field is missing";
    /// The Sender field is repeated, or is not exactly one mailbox (RFC 5322 §3.6.2).
    SenderFieldSyntax = "sender_field_syntax", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "Bad Sender header field";
    /// A display name shows an address that the account may not use.
    DisplayNameAddress = "display_name_address", Message, Some(Header), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "A display name in the message header shows an address that is not authorized";
    /// A display name cannot be decoded (RFC 2047), so what it shows is unknown.
    DisplayNameUndecodable = "display_name_undecodable", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "A display name in the message header cannot be decoded";
    /// The From field is not aligned with the envelope sender as the tenant demands.
    AlignmentFailed = "alignment_failed", Message, Some(Header), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "The From header field does not match the envelope sender";
    /// The message has Resent fields and the account may not resend (RFC 5322 §3.6.6).
    ResentNotEnabled = "resent_not_enabled", Message, Some(Header), Deny,
        auth 550 [5, 7, 1], later 550 [5, 7, 1], http 403, ByPlace, "Resending messages is not permitted for this account";
    /// The topmost Resent block is incomplete, repeated or malformed (RFC 5322 §3.6.6).
    ResentIncomplete = "resent_incomplete", Message, Some(Header), Deny,
        auth 554 [5, 6, 0], later 554 [5, 6, 0], http 422, InvalidEmail, "The Resent header fields are incomplete";
}

impl Reason {
    /// Returns the stable name of the reason, such as `address_not_owned`.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.row().slug
    }

    /// Returns the reason with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.slug() == slug)
    }

    /// Returns the control that can switch this reason off, or `None` when it is always enforced.
    #[must_use]
    pub const fn control(self) -> Option<Control> {
        self.row().control
    }

    /// Returns the earliest stage at which this reason can be found.
    #[must_use]
    pub const fn stage(self) -> Stage {
        self.row().stage
    }

    /// Returns the verdict that this reason leads to when it is enforced.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        self.row().verdict
    }

    /// Returns the reply code and the enhanced status code (RFC 3463) of the default profile: at AUTH for the session stage,
    /// later for the other two.
    #[must_use]
    pub const fn smtp_status(self, stage: Stage) -> (u16, [u8; 3]) {
        let row = self.row();
        let Code(code, enhanced) = match stage {
            Stage::Session => row.auth,
            Stage::Envelope | Stage::Message => row.later,
        };
        (code, enhanced)
    }

    /// Returns the HTTP status code, such as 403.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        self.row().http
    }

    /// Returns what the reason means, in Markdown.
    #[must_use]
    pub const fn doc(self) -> &'static str {
        self.row().doc
    }

    #[expect(clippy::indexing_slicing, reason = "ROWS and the enum come from the same table")]
    pub(crate) const fn row(self) -> &'static Row {
        &Self::ROWS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_reasons_fits_in_64_bits() {
        assert!(Reason::ALL.len() <= 64);
    }

    #[test]
    fn slugs_are_unique_and_found() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_slug(reason.slug()), Some(reason));
        }
    }

    #[test]
    fn texts_are_printable_ascii() {
        for &reason in Reason::ALL {
            assert!(reason.row().text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", reason.slug());
        }
    }
}
