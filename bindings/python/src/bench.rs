//! What measurements compare with: only in builds with feature `bench`, which no package has.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use sendas::Stage;
use sendas::record::RequestRecord;

use crate::argument::{Argument, Arguments};
use crate::decision::Decision;
use crate::request::Facts;
use crate::snapshot::{Snapshot, answer, read_staged};

/// Calls with empty bodies.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Empty;

#[pymethods]
#[expect(clippy::too_many_arguments, reason = "they are those of `Snapshot.evaluate`")]
#[expect(clippy::unused_self, reason = "`Snapshot.evaluate` is a method too")]
impl Empty {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Take what `Snapshot.evaluate` takes and look at none of it.
    #[pyo3(
        signature = (
            *, now = Argument::default(), channel = Argument::default(), account = Argument::default(),
            role = Argument::default(), client_ip = Argument::default(), credential_kind = Argument::default(),
            credential_id = Argument::default(), scopes = Argument::default(), tls = Argument::default(),
            smtputf8 = Argument::default(), envelope_sender = Argument::default(), header = Argument::default(),
            stage = Argument::default()
        ),
        text_signature = "($self, *, now, channel, account=None, role=None, client_ip=None, credential_kind=None, credential_id=None, scopes=None, tls=None, smtputf8=False, envelope_sender=None, header=None, stage='message')"
    )]
    fn unread<'a, 'py>(
        &self,
        now: Argument<'a, 'py>,
        channel: Argument<'a, 'py>,
        account: Argument<'a, 'py>,
        role: Argument<'a, 'py>,
        client_ip: Argument<'a, 'py>,
        credential_kind: Argument<'a, 'py>,
        credential_id: Argument<'a, 'py>,
        scopes: Argument<'a, 'py>,
        tls: Argument<'a, 'py>,
        smtputf8: Argument<'a, 'py>,
        envelope_sender: Argument<'a, 'py>,
        header: Argument<'a, 'py>,
        stage: Argument<'a, 'py>,
    ) -> Decision {
        let client = (now, channel, account, role, client_ip, credential_kind, credential_id, scopes, tls);
        black_box((client, smtputf8, envelope_sender, header, stage));
        Decision::of_nothing(Stage::Message)
    }

    /// Take what `Snapshot.evaluate` takes in its plainest types, as pyo3 reads those, and do nothing with it.
    #[pyo3(
        signature = (
            *, now, channel, account = None, role = None, client_ip = None, credential_kind = None, credential_id = None,
            scopes = None, tls = None, smtputf8 = false, envelope_sender = None, header = None, stage = "message"
        )
    )]
    fn read(
        &self,
        now: i64,
        channel: &str,
        account: Option<&str>,
        role: Option<&str>,
        client_ip: Option<&str>,
        credential_kind: Option<&str>,
        credential_id: Option<&str>,
        scopes: Option<Vec<String>>,
        tls: Option<&str>,
        smtputf8: bool,
        envelope_sender: Option<&str>,
        header: Option<Vec<(String, String)>>,
        stage: &str,
    ) -> Decision {
        black_box((now, channel, account, role, client_ip, credential_kind, credential_id, scopes, tls));
        black_box((smtputf8, envelope_sender, header, stage));
        Decision::of_nothing(Stage::Message)
    }
}

/// A snapshot that counts the time that core takes within its calls.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Timed {
    snapshot: sendas::Snapshot,
    nanoseconds: AtomicU64,
}

#[pymethods]
#[expect(clippy::too_many_arguments, reason = "they are those of `Snapshot.evaluate`")]
impl Timed {
    #[new]
    fn new(snapshot: &Snapshot) -> Self {
        Self { snapshot: snapshot.snapshot.clone(), nanoseconds: AtomicU64::new(0) }
    }

    /// Return the time that core has taken since the last question, in nanoseconds; reading the clock is part of it.
    fn taken(&self) -> u64 {
        self.nanoseconds.swap(0, Ordering::Relaxed)
    }

    /// Do what `Snapshot.evaluate` does.
    #[pyo3(
        signature = (
            *, now = Argument::default(), channel = Argument::default(), account = Argument::default(),
            client_ip = Argument::default(), credential_kind = Argument::default(), tls = Argument::default(),
            envelope_sender = Argument::default(), header = Argument::default()
        )
    )]
    fn evaluate<'a, 'py>(
        &self,
        py: Python<'py>,
        now: Argument<'a, 'py>,
        channel: Argument<'a, 'py>,
        account: Argument<'a, 'py>,
        client_ip: Argument<'a, 'py>,
        credential_kind: Argument<'a, 'py>,
        tls: Argument<'a, 'py>,
        envelope_sender: Argument<'a, 'py>,
        header: Argument<'a, 'py>,
    ) -> PyResult<Decision> {
        let rest = Arguments::default();
        let given =
            Arguments { now, channel, account, client_ip, credential_kind, tls, envelope_sender, header, ..rest };
        answer(py, &given, |request, stage| {
            let started = Instant::now();
            let decision = self.snapshot.evaluate_stage(request, stage);
            let taken = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.nanoseconds.fetch_add(taken, Ordering::Relaxed);
            decision
        })
    }
}

/// Decide requests in one call of the core, and return the nanoseconds that one of them takes, without reading any.
#[pyfunction]
pub(crate) fn core_nanoseconds(py: Python<'_>, snapshot: &Snapshot, requests: &Bound<'_, PyAny>) -> PyResult<f64> {
    let read = requests.try_iter()?.map(|request| read_staged(&request?)).collect::<PyResult<Vec<_>>>()?;
    let record = |(facts, stage): &(Facts, Stage)| Ok((RequestRecord::from(&facts.lend(py)?.request()), *stage));
    let recorded = read.iter().map(record).collect::<PyResult<Vec<_>>>()?;
    Ok(sendas_many::core_nanoseconds(&snapshot.snapshot, &recorded))
}

/// Return the nanoseconds that reading the clock takes: the mean of many times.
#[pyfunction]
pub(crate) fn clock_nanoseconds() -> f64 {
    let all: Duration = (0..CLOCKS).map(|_| Instant::now().elapsed()).sum();
    all.as_secs_f64() * 1e9 / f64::from(CLOCKS)
}

const CLOCKS: u32 = 1_000;
