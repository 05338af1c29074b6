//! The staged form: one client's session, transaction by transaction.

use crate::decision::Decision;
use crate::evaluate::Course;
use crate::explain::{Explanation, View};
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// What is known of one client after AUTH, and its transaction at hand.
///
/// A transaction (MAIL to the end of data) uses one snapshot and one `now`. Each MAIL FROM takes the snapshot
/// that the host has then, and decides the session again with it, so that a revocation reaches open connections.
///
/// ```
/// # use sendas::{Channel, EnvelopeSender, HashKey, Header, Options, Policy, Profile, Request, Snapshot, Timestamp, Verdict};
/// # let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey([1; 16])))?;
/// let now = Timestamp(1_796_083_200);
/// let mut request = Request::new(Channel::Smtp, now);
/// request.account = Some(b"alice");
/// let mut session = snapshot.session(&request);                                  // after AUTH
/// assert_eq!(session.decision().verdict(), Verdict::Deny);                       // nobody is known here
/// let verdict = session.mail_from(&snapshot, EnvelopeSender::Path(b"<a@example.org>"), false, now).verdict();
/// assert_eq!(verdict, Verdict::Deny);
/// let header = Header::Fields(&[(b"From", b"a@example.org")]);
/// let decision = *session.message(header);                                       // copied, to ask the session again
/// let reply = session.with_request(header, |request| decision.reply(request, Profile::Rfc6409));
/// assert_eq!(reply.code, 550);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    /// The snapshot of the transaction.
    snapshot: Snapshot,
    course: Course,
}

impl Snapshot {
    /// Opens a session with what is known of the client after AUTH; the envelope and the header of `client` are not looked at.
    #[must_use]
    pub fn session(&self, client: &Request<'_>) -> Session {
        Session { snapshot: self.clone(), course: Course::begin(self, client) }
    }
}

impl Session {
    /// The latest decision.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        self.course.decision()
    }

    /// Begins a transaction at MAIL FROM, with the snapshot and the instant that hold until its end.
    ///
    /// The decision stands in the session until the next one takes its place; whoever keeps it copies it.
    pub fn mail_from(
        &mut self,
        snapshot: &Snapshot,
        sender: EnvelopeSender<'_>,
        smtputf8: bool,
        now: Timestamp,
    ) -> &Decision {
        if !snapshot.is(&self.snapshot) {
            self.snapshot = snapshot.clone();
            self.course.forget();
        }
        self.course.mail_from(&self.snapshot, sender, smtputf8, now)
    }

    /// Decides the transaction at the end of the header, also more than once.
    ///
    /// Before the first MAIL FROM the envelope sender is unknown, which denies; after RSET the one before it still stands, and a
    /// host asks about no message until there is another. The decision stands where that at MAIL FROM stood.
    pub fn message(&mut self, header: Header<'_>) -> &Decision {
        self.course.message(&self.snapshot, header)
    }

    /// Explains the latest decision; `header` is the one that it was made with, which the session does not keep.
    ///
    /// The answer is that of [`Snapshot::explain_stage`] for the same facts, with the snapshot of the transaction.
    #[must_use]
    pub fn explain(&self, header: Header<'_>, view: View) -> Explanation {
        self.with_request(header, |request| self.snapshot.explain_stage(request, self.decision().stage(), view))
    }

    /// Calls `answer` with the request of the transaction, for rendering a reply to its latest decision.
    pub fn with_request<T>(&self, header: Header<'_>, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        self.course.facts().with_header(header, answer)
    }
}
