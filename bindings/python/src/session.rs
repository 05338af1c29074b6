//! The staged form: one client's session, transaction by transaction.

use std::mem;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::decision::Decision;
use crate::explain::Explanation;
use crate::request::{Facts, GivenHeader, GivenSender, Transaction, flag, instant};
use crate::snapshot::Snapshot;
use crate::words;

/// What is known of one client after AUTH, and its transaction at hand.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Session {
    state: Mutex<State>,
}

struct State {
    session: sendas::Session,
    /// What was decided last.
    facts: Facts,
}

impl Session {
    pub(crate) fn new(session: sendas::Session, facts: Facts) -> Self {
        Self { state: Mutex::new(State { session, facts }) }
    }

    /// Decides again: `facts` makes the new facts of the last ones, `decide` asks core.
    fn decide(
        &self,
        py: Python<'_>,
        facts: impl FnOnce(&Facts) -> Facts,
        decide: impl FnOnce(&mut sendas::Session, &sendas::Request<'_>) -> sendas::Decision,
    ) -> PyResult<Decision> {
        // Nothing that runs Python may happen under the lock, not even dropping the last facts.
        let (decision, facts, last) = {
            let mut state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
            let facts = facts(&state.facts);
            let decision = decide(&mut state.session, &facts.lend(py)?.request());
            (decision, facts.clone_ref(py), mem::replace(&mut state.facts, facts))
        };
        drop(last);
        Ok(Decision::new(Box::new(decision), facts))
    }
}

#[pymethods]
impl Session {
    /// The latest decision.
    #[getter]
    fn decision(&self, py: Python<'_>) -> Decision {
        let state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        Decision::new(Box::new(*state.session.decision()), state.facts.clone_ref(py))
    }

    /// Begin a transaction at MAIL FROM, with the snapshot and the instant that hold until its end.
    #[pyo3(signature = (snapshot, sender, *, smtputf8 = None, now), text_signature = "($self, snapshot, sender, *, smtputf8=False, now)")]
    fn mail_from(
        &self,
        py: Python<'_>,
        snapshot: &Snapshot,
        sender: &Bound<'_, PyAny>,
        smtputf8: Option<&Bound<'_, PyAny>>,
        now: &Bound<'_, PyAny>,
    ) -> PyResult<Decision> {
        let smtputf8 = smtputf8.map_or(Ok(false), |given| flag(given, "smtputf8"))?;
        let sender = GivenSender::read(sender, "sender")?;
        let transaction = Transaction { now: instant(now)?, smtputf8, sender };
        self.decide(
            py,
            |last| Facts { client: last.client.clone_ref(py), transaction, header: None },
            |session, request| {
                *session.mail_from(&snapshot.snapshot, request.envelope_sender, request.smtputf8, request.now)
            },
        )
    }

    /// Decide the transaction at the end of the header, also more than once.
    ///
    /// Before the first MAIL FROM the envelope sender is unknown, which denies; after RSET the one before it still stands, and a
    /// host asks about no message until there is another.
    fn message(&self, py: Python<'_>, header: &Bound<'_, PyAny>) -> PyResult<Decision> {
        let header = GivenHeader::read(header)?;
        self.decide(
            py,
            |last| Facts { client: last.client.clone_ref(py), transaction: last.transaction.clone_ref(py), header },
            |session, request| *session.message(request.header),
        )
    }

    /// Explain the latest decision; the view says who will read it.
    fn explain(&self, py: Python<'_>, view: &Bound<'_, PyAny>) -> PyResult<Explanation> {
        let view = words::read(view)?;
        let (session, facts) = {
            let state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
            (state.session.clone(), state.facts.clone_ref(py))
        };
        let lent = facts.lend(py)?;
        Ok(Explanation::new(py.detach(|| session.explain(lent.request().header, view))))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let decision = state.session.decision();
        format!("<sendas.Session, {} at {}>", decision.verdict().name(), decision.stage().name())
    }
}
