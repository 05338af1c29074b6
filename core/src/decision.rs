//! The answer to a request: a small value that can be copied, stored and compared.

use core::fmt;

use crate::address::Span;
use crate::reason::Reason;

/// How far a transaction has come; a later stage implies the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "SMTP submission has these three moments")]
#[repr(u8)]
pub enum Stage {
    /// After AUTH: account, role, credential and client address.
    Session,
    /// At MAIL FROM: the envelope sender too.
    Envelope,
    /// At the end of the header: everything.
    Message,
}

impl Stage {
    /// Every stage, in the order of a transaction.
    pub const ALL: [Self; 3] = [Self::Session, Self::Envelope, Self::Message];

    /// Returns the name, such as `envelope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Envelope => "envelope",
            Self::Message => "message",
        }
    }
}

/// Whether the request may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "hosts must handle exactly these")]
#[repr(u8)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
    /// It cannot be decided now; the client shall try again later.
    Defer,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Defer];

    /// Returns the name, such as `allow`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Defer => "defer",
        }
    }
}

/// What the host shall do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "hosts must handle exactly these")]
#[repr(u8)]
pub enum Action {
    /// Accept it.
    Accept,
    /// Reply with the decision's reply, at once.
    Reject,
    /// Reply 250 2.0.0, and drop the message at the end of data.
    Discard,
    /// Reply 250 2.0.0, and put the message into quarantine at the end of data.
    Hold,
    /// Reply with the decision's transient reply.
    Tempfail,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Reject, Self::Discard, Self::Hold, Self::Tempfail];

    /// Returns the name, such as `reject`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Discard => "discard",
            Self::Hold => "hold",
            Self::Tempfail => "tempfail",
        }
    }
}

/// The part of a request that a finding or a grant speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a request has these parts")]
#[repr(u8)]
pub enum Subject {
    /// The account.
    Account,
    /// The role.
    Role,
    /// The credential.
    Credential,
    /// The client's network address.
    ClientIp,
    /// The transport encryption.
    Tls,
    /// The envelope sender.
    EnvelopeSender,
    /// The header as a whole.
    Header,
    /// A From field.
    From,
    /// A Sender field.
    Sender,
    /// A Resent field.
    Resent,
}

impl Subject {
    /// Every part, in the order in which findings are reported.
    pub const ALL: [Self; 10] = [
        Self::Account,
        Self::Role,
        Self::Credential,
        Self::ClientIp,
        Self::Tls,
        Self::EnvelopeSender,
        Self::Header,
        Self::From,
        Self::Sender,
        Self::Resent,
    ];

    /// Returns the name, such as `envelope_sender`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Role => "role",
            Self::Credential => "credential",
            Self::ClientIp => "client_ip",
            Self::Tls => "tls",
            Self::EnvelopeSender => "envelope_sender",
            Self::Header => "header",
            Self::From => "from",
            Self::Sender => "sender",
            Self::Resent => "resent",
        }
    }

    /// Returns the stage at which this part is known.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Account | Self::Role | Self::Credential | Self::ClientIp | Self::Tls => Stage::Session,
            Self::EnvelopeSender => Stage::Envelope,
            Self::Header | Self::From | Self::Sender | Self::Resent => Stage::Message,
        }
    }
}

/// Where in the request something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a plain position")]
pub struct Place {
    /// The part of the request.
    pub subject: Subject,
    /// The 0-based number of the header field, among the fields given or those of the block; 0 for other parts.
    pub field: u32,
    /// The octets: from the start of the envelope sender, of the field's body, or of the block where one was given.
    ///
    /// Empty for other parts. [`Place::octets`] returns them.
    pub span: Span,
}

impl Place {
    /// Creates the place of a part that has no octets of its own.
    #[must_use]
    pub const fn of(subject: Subject) -> Self {
        Self { subject, field: 0, span: Span { start: 0, end: 0 } }
    }
}

/// One failing fact: why, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Finding {
    /// What is wrong.
    pub reason: Reason,
    /// Where it stands.
    pub place: Place,
}

/// What gave the account an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Basis {
    /// It is the account's own address, or a sub-address of it.
    OwnAddress,
    /// An identity of the account or its tenant.
    Identity,
    /// A domain of the tenant.
    Domain,
    /// An identity and a domain together, where the tenant needs both.
    IdentityAndDomain,
    /// The right to resend, for the From field of a resent message.
    Resend,
    /// Nothing: the control that would have asked is off, monitored or exempted.
    NotEnforced,
}

impl Basis {
    /// Every basis.
    pub const ALL: &'static [Self] =
        &[Self::OwnAddress, Self::Identity, Self::Domain, Self::IdentityAndDomain, Self::Resend, Self::NotEnforced];

    /// Returns the name, such as `own_address`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OwnAddress => "own_address",
            Self::Identity => "identity",
            Self::Domain => "domain",
            Self::IdentityAndDomain => "identity_and_domain",
            Self::Resend => "resend",
            Self::NotEnforced => "not_enforced",
        }
    }
}

/// An address that was found authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Grant {
    /// What gave it.
    pub basis: Basis,
    /// Where the addr-spec stands.
    pub place: Place,
}

/// Identifies the content of a snapshot, whatever machine compiled it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype without an invariant")]
pub struct SnapshotId(pub u128);

impl fmt::Display for SnapshotId {
    /// Writes 32 lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// The most findings that a decision keeps; further ones are counted.
pub const MAX_FINDINGS: usize = 32;
/// The most grants that a decision keeps; further ones are counted.
pub const MAX_GRANTS: usize = 8;

/// What fills a list behind its end: the first of every enumeration, so that it is filled with zeros.
const NO_FINDING: Finding = Finding { reason: Reason::SnapshotUnavailable, place: Place::of(Subject::Account) };
/// The same for grants.
const NO_GRANT: Grant = Grant { basis: Basis::OwnAddress, place: Place::of(Subject::Account) };

/// The answer to a request.
///
/// It is a plain value: text is rendered from it and the request it answers, by
/// [`Decision::reply`] and its siblings.
#[derive(Clone, Copy)]
pub struct Decision {
    stage: Stage,
    verdict: Verdict,
    action: Action,
    provisional: bool,
    enforced: u8,
    findings: u8,
    grants: u8,
    omitted: u32,
    omitted_grants: u32,
    snapshot_id: SnapshotId,
    /// Nothing until something is found: most decisions have nothing to keep.
    list: Option<[Finding; MAX_FINDINGS]>,
    granted: [Grant; MAX_GRANTS],
}

impl Decision {
    /// Creates the decision of a host that has no snapshot: defer, with `snapshot_unavailable`.
    #[must_use]
    pub fn without_snapshot(stage: Stage) -> Self {
        Self::deferred(stage, Reason::SnapshotUnavailable, SnapshotId(0))
    }

    /// The stage at which the request was decided.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether the request may go on.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What the host shall do with the message.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The enforced reasons, in reporting order; the first gives the reply. Empty if and only if the verdict is allow.
    ///
    /// Of these and [`would_deny`](Self::would_deny) together the first [`MAX_FINDINGS`] are listed.
    #[must_use]
    pub fn reasons(&self) -> &[Finding] {
        self.listed(0, self.enforced)
    }

    /// What would be enforced if its control were not monitored or exempted, in reporting order.
    #[must_use]
    pub fn would_deny(&self) -> &[Finding] {
        self.listed(self.enforced, self.findings)
    }

    /// How many further reasons and would-deny reasons were found than are listed.
    #[must_use]
    pub const fn omitted(&self) -> u32 {
        self.omitted
    }

    /// The addresses that were found authorised, in the order of the request, and what gave them: the first [`MAX_GRANTS`].
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        self.granted.get(..usize::from(self.grants)).unwrap_or(&[])
    }

    /// How many further addresses were found authorised than are listed.
    #[must_use]
    pub const fn omitted_grants(&self) -> u32 {
        self.omitted_grants
    }

    /// Whether an allow at the envelope stage rests on the header that is still to come, as after a null reverse-path.
    #[must_use]
    pub const fn provisional(&self) -> bool {
        self.provisional
    }

    /// Which snapshot decided.
    #[must_use]
    pub const fn snapshot_id(&self) -> SnapshotId {
        self.snapshot_id
    }

    fn listed(&self, from: u8, to: u8) -> &[Finding] {
        let list = self.list.as_ref().map_or(&[][..], |list| &list[..]);
        list.get(usize::from(from)..usize::from(to)).unwrap_or(&[])
    }

    #[inline]
    pub(crate) const fn open(stage: Stage, snapshot_id: SnapshotId) -> Self {
        Self {
            stage,
            verdict: Verdict::Allow,
            action: Action::Accept,
            provisional: false,
            enforced: 0,
            findings: 0,
            grants: 0,
            omitted: 0,
            omitted_grants: 0,
            snapshot_id,
            list: None,
            granted: [NO_GRANT; MAX_GRANTS],
        }
    }

    pub(crate) fn deferred(stage: Stage, reason: Reason, snapshot_id: SnapshotId) -> Self {
        let mut decision = Self::open(stage, snapshot_id);
        decision.defer(reason);
        decision
    }

    /// Forgets what was found, and defers for one reason.
    pub(crate) fn defer(&mut self, reason: Reason) {
        (self.provisional, self.enforced, self.findings, self.grants) = (false, 0, 0, 0);
        (self.omitted, self.omitted_grants) = (0, 0);
        self.enter(Finding { reason, place: Place::of(Subject::Account) }, true);
        (self.verdict, self.action) = (Verdict::Defer, Action::Tempfail);
    }

    /// Enters a finding at its place in reporting order; the last one goes when the list is full.
    pub(crate) fn enter(&mut self, finding: Finding, enforced: bool) {
        if enforced {
            self.verdict = match (self.verdict, finding.reason.verdict()) {
                (Verdict::Defer, _) | (_, Verdict::Defer) => Verdict::Defer,
                _ => Verdict::Deny,
            };
        }
        let (from, to) = if enforced { (0, self.enforced) } else { (self.enforced, self.findings) };
        let listed = self.listed(from, to);
        // Most findings come in reporting order.
        let at = match listed.last() {
            Some(last) if order(last) >= order(&finding) => {
                match listed.binary_search_by_key(&order(&finding), order) {
                    Ok(_) => return,
                    Err(at) => usize::from(from) + at,
                }
            }
            _ => usize::from(to),
        };
        let (count, split) = (usize::from(self.findings), usize::from(self.enforced));
        if at >= MAX_FINDINGS {
            self.omitted += 1;
            return;
        }
        if count == MAX_FINDINGS {
            self.omitted += 1;
        } else {
            self.findings += 1;
        }
        if enforced && split < MAX_FINDINGS {
            self.enforced += 1;
        }
        let end = count.min(MAX_FINDINGS - 1);
        let list = self.list.get_or_insert([NO_FINDING; MAX_FINDINGS]);
        list.copy_within(at..end, at + 1);
        if let Some(slot) = list.get_mut(at) {
            *slot = finding;
        }
    }

    pub(crate) fn enter_grant(&mut self, grant: Grant) {
        match self.granted.get_mut(usize::from(self.grants)) {
            Some(slot) => {
                *slot = grant;
                self.grants += 1;
            }
            None => self.omitted_grants += 1,
        }
    }

    /// The same decision, without copying the list where it holds nothing: it is most of the octets.
    #[inline]
    pub(crate) fn settled(&self) -> Self {
        if self.findings == 0 { Self { list: None, ..*self } } else { self.with_list() }
    }

    #[cold]
    #[inline(never)]
    fn with_list(&self) -> Self {
        *self
    }

    /// Forgets everything, in place: what stands behind the end of a list is left.
    pub(crate) fn reopen(&mut self, stage: Stage, snapshot_id: SnapshotId) {
        (self.stage, self.snapshot_id) = (stage, snapshot_id);
        (self.verdict, self.action, self.provisional) = (Verdict::Allow, Action::Accept, false);
        (self.enforced, self.findings, self.grants) = (0, 0, 0);
        (self.omitted, self.omitted_grants) = (0, 0);
    }

    /// Goes on at a later stage with what was found at earlier ones.
    pub(crate) const fn advance(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// Whether nothing was found and nothing granted.
    pub(crate) const fn is_empty(&self) -> bool {
        self.findings == 0 && self.grants == 0
    }

    pub(crate) fn conclude(&mut self, action: Action, provisional: bool) {
        self.action = action;
        self.provisional = provisional;
    }
}

/// By stage of the place, row of the reason table, place.
fn order(finding: &Finding) -> (Stage, Reason, Place) {
    (finding.place.subject.stage(), finding.reason, finding.place)
}

impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.stage == other.stage
            && self.verdict == other.verdict
            && self.action == other.action
            && self.provisional == other.provisional
            && self.omitted == other.omitted
            && self.omitted_grants == other.omitted_grants
            && self.snapshot_id == other.snapshot_id
            && self.reasons() == other.reasons()
            && self.would_deny() == other.would_deny()
            && self.grants() == other.grants()
    }
}

impl Eq for Decision {}

impl fmt::Debug for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decision")
            .field("stage", &self.stage)
            .field("verdict", &self.verdict)
            .field("action", &self.action)
            .field("provisional", &self.provisional)
            .field("reasons", &self.reasons())
            .field("would_deny", &self.would_deny())
            .field("omitted", &self.omitted)
            .field("grants", &self.grants())
            .field("snapshot_id", &self.snapshot_id)
            .finish()
    }
}
