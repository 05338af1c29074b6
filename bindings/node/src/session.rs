//! The staged form: one client's session, transaction by transaction.

use std::cell::RefCell;
use std::rc::Rc;

use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Result, Unknown};
use napi_derive::napi;
use sendas::Header;
use sendas::record::HeaderRecord;

use crate::decision::Decision;
use crate::explain::Explanation;
use crate::given::Given;
use crate::request::{read_header, read_sender, read_smtputf8};
use crate::snapshot::Snapshot;

/// What is known of one client after AUTH, and its transaction at hand.
///
/// A transaction (MAIL to the end of data) uses one snapshot and one `now`. Each MAIL FROM takes the snapshot
/// that the host has then, and decides the session again with it, so that a revocation reaches open connections.
#[napi]
pub struct Session {
    /// Arguments are read before it is borrowed: reading them may run scripts, and those may call this session again.
    state: RefCell<State>,
}

struct State {
    session: sendas::Session,
    decision: Decision,
}

impl Session {
    pub(crate) fn new(session: sendas::Session) -> Self {
        let decision = answered(&session, Header::NotGiven);
        Self { state: RefCell::new(State { session, decision }) }
    }
}

#[napi]
impl Session {
    /// The latest decision; at first the one at the session stage.
    #[napi(getter)]
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.state.borrow().decision.clone()
    }

    /// Begins a transaction at MAIL FROM, with the snapshot and the instant that hold until its end.
    #[napi(ts_args_type = "snapshot: Snapshot, transaction: Transaction")]
    pub fn mail_from(&self, env: Env, snapshot: Unknown<'_>, transaction: Unknown<'_>) -> Result<Decision> {
        let snapshot: ClassInstance<'_, Snapshot> = Given::new(env, "snapshot", snapshot).instance("a Snapshot")?;
        let transaction = Given::new(env, "transaction", transaction);
        transaction.only(&["envelopeSender", "smtputf8", "now"])?;
        let sender = read_sender(transaction.member("envelopeSender")?)?;
        let smtputf8 = read_smtputf8(transaction)?;
        let now = transaction.member("now")?.instant()?;
        Ok(self.decide(&HeaderRecord::NotGiven, |session, _| {
            session.mail_from(&snapshot.snapshot, sender.sender(), smtputf8, now);
        }))
    }

    /// Decides the transaction at the end of the header, also more than once.
    ///
    /// Before the first MAIL FROM the envelope sender is unknown, which denies; after RSET the one before it still stands, and a
    /// host asks about no message until there is another.
    #[napi(ts_args_type = "header?: Header")]
    pub fn message(&self, env: Env, header: Unknown<'_>) -> Result<Decision> {
        let header = read_header(Given::new(env, "header", header))?;
        Ok(self.decide(&header, |session, header| {
            session.message(header);
        }))
    }

    /// Explains the latest decision; the view says who will read it.
    ///
    /// The answer is that of `Snapshot.explain` for the same facts, with the snapshot of the transaction.
    #[napi(ts_args_type = "view: View")]
    pub fn explain(&self, env: Env, view: Unknown<'_>) -> Result<Explanation> {
        let view = Given::new(env, "view", view).word()?;
        let state = self.state.borrow();
        Ok(state.decision.header().with_header(|header| state.session.explain(header, view)).into())
    }
}

impl Session {
    /// Decides, and keeps what was decided.
    fn decide(&self, header: &HeaderRecord, decide: impl FnOnce(&mut sendas::Session, Header<'_>)) -> Decision {
        let state = &mut *self.state.borrow_mut();
        let session = &mut state.session;
        state.decision = header.with_header(|header| {
            decide(session, header);
            answered(session, header)
        });
        state.decision.clone()
    }
}

/// Returns the latest decision with the request that was decided.
fn answered(session: &sendas::Session, header: Header<'_>) -> Decision {
    let request = session.with_request(header, |request| request.into());
    Decision::new(*session.decision(), Rc::new(request))
}
