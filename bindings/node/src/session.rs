//! The staged form: one client's session, transaction by transaction.

use std::cell::RefCell;

use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Result, Unknown};
use napi_derive::napi;
use sendas::Header;

use crate::decision::Decision;
use crate::given::Given;
use crate::request::{Fields, Sender, read_smtputf8};
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
        let decision = session.with_request(Header::NotGiven, |request| Decision::new(*session.decision(), request));
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
        let sender = Sender::read(transaction.member("envelopeSender")?)?;
        let smtputf8 = read_smtputf8(transaction)?;
        let now = transaction.member("now")?.instant()?;
        Ok(self.decide(Header::NotGiven, |session| session.mail_from(&snapshot.snapshot, sender.lend(), smtputf8, now)))
    }

    /// Decides the transaction at the end of the header.
    #[napi(ts_args_type = "header?: Header")]
    pub fn message(&self, env: Env, header: Unknown<'_>) -> Result<Decision> {
        let header = Fields::read(Given::new(env, "header", header))?;
        Ok(header.lend(|header| self.decide(header, |session| session.message(header))))
    }
}

impl Session {
    /// Decides, and renders what the client is told with the request that was decided.
    fn decide(&self, header: Header<'_>, decide: impl FnOnce(&mut sendas::Session) -> sendas::Decision) -> Decision {
        let mut state = self.state.borrow_mut();
        let decision = decide(&mut state.session);
        state.decision = state.session.with_request(header, |request| Decision::new(decision, request));
        state.decision.clone()
    }
}
