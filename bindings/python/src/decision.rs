//! The answer to a request, with the request that it answers.

use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};
use sendas::{Channel, Finding, Grant, Place, Profile, Request, Span, Stage, Timestamp, Verdict};
use sendas_many::{Decided, Summary};

use crate::request::Facts;
use crate::words::{self, Names};

/// The answer to a request.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Decision {
    made: Made,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a decision of a single call keeps its facts without memory of their own"
)]
enum Made {
    Alone {
        /// Apart, so that Python's own allocator, which is for small objects, gives what surrounds it.
        decision: Box<sendas::Decision>,
        /// What was decided; `None` where nothing was.
        facts: Option<Facts>,
    },
    /// One of many, made when more than its summary is asked for.
    OfMany { decided: Arc<Decided>, number: usize, summary: Summary, whole: OnceLock<Box<sendas::Decision>> },
}

impl Decision {
    pub(crate) fn new(decision: Box<sendas::Decision>, facts: Facts) -> Self {
        Self { made: Made::Alone { decision, facts: Some(facts) } }
    }

    /// The decision with this number; `None` where there is none.
    pub(crate) fn of_many(decided: &Arc<Decided>, number: usize) -> Option<Self> {
        let summary = *decided.summaries().get(number)?;
        Some(Self { made: Made::OfMany { decided: Arc::clone(decided), number, summary, whole: OnceLock::new() } })
    }

    /// The decision of a host that has no snapshot.
    pub(crate) fn of_nothing(stage: Stage) -> Self {
        Self { made: Made::Alone { decision: Box::new(sendas::Decision::without_snapshot(stage)), facts: None } }
    }

    fn summary(&self) -> Summary {
        match &self.made {
            Made::Alone { decision, .. } => Summary::from(&**decision),
            Made::OfMany { summary, .. } => *summary,
        }
    }

    fn whole(&self) -> &sendas::Decision {
        match &self.made {
            Made::Alone { decision, .. } => decision,
            Made::OfMany { decided, number, summary, whole } => {
                let none = || sendas::Decision::without_snapshot(summary.stage);
                whole.get_or_init(|| Box::new(decided.decision(*number).unwrap_or_else(none)))
            }
        }
    }

    /// Renders something of the decision and its request.
    fn render<T>(&self, py: Python<'_>, render: impl Fn(&Request<'_>) -> T) -> PyResult<T> {
        let nothing = || Request::new(Channel::Smtp, Timestamp(0));
        match &self.made {
            Made::Alone { facts: Some(facts), .. } => Ok(render(&facts.lend(py)?.request())),
            Made::Alone { facts: None, .. } => Ok(render(&nothing())),
            Made::OfMany { decided, number, .. } => {
                let rendered = decided.with_request(*number, |request, _| render(request));
                Ok(rendered.unwrap_or_else(|| render(&nothing())))
            }
        }
    }
}

impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.summary() == other.summary() && self.whole() == other.whole()
    }
}

#[pymethods]
impl Decision {
    /// Return the decision of a host that has no snapshot: defer, with `snapshot_unavailable`.
    #[staticmethod]
    fn without_snapshot(stage: &Bound<'_, PyAny>) -> PyResult<Self> {
        words::read(stage).map(Self::of_nothing)
    }

    /// The stage at which the request was decided.
    #[getter]
    fn stage<'py>(&'py self, py: Python<'py>) -> &'py Bound<'py, PyString> {
        Names::of(py).stage(py, self.summary().stage)
    }

    /// Whether the request may go on.
    #[getter]
    fn verdict<'py>(&'py self, py: Python<'py>) -> &'py Bound<'py, PyString> {
        Names::of(py).verdict(py, self.summary().verdict)
    }

    /// What the host shall do with the message.
    #[getter]
    fn action<'py>(&'py self, py: Python<'py>) -> &'py Bound<'py, PyString> {
        Names::of(py).action(py, self.summary().action)
    }

    /// Whether the verdict is allow.
    #[getter]
    fn allowed(&self) -> bool {
        self.summary().verdict == Verdict::Allow
    }

    /// Whether an allow at the envelope stage rests on the header that is still to come.
    #[getter]
    fn provisional(&self) -> bool {
        self.summary().provisional
    }

    /// The enforced reasons, in reporting order; the first gives the reply. Empty if and only if the verdict is allow.
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        findings(py, self.whole().reasons())
    }

    /// What would be enforced if its control were not monitored or exempted, in reporting order.
    #[getter]
    fn would_deny<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        findings(py, self.whole().would_deny())
    }

    /// How many further reasons and would-deny reasons were found than are listed.
    #[getter]
    fn omitted(&self) -> u32 {
        self.whole().omitted()
    }

    /// The addresses that were found authorised, in the order of the request, and what gave them.
    #[getter]
    fn grants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static GRANT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let grant = GRANT.import(py, "sendas._values", "Grant")?;
        let value = |&Grant { basis, place }: &Grant| grant.call1((basis.name(), position(py, place)?));
        PyList::new(py, self.whole().grants().iter().map(value).collect::<PyResult<Vec<_>>>()?)
    }

    /// How many further addresses were found authorised than are listed.
    #[getter]
    fn omitted_grants(&self) -> u32 {
        self.whole().omitted_grants()
    }

    /// Which snapshot decided: 32 hexadecimal digits.
    #[getter]
    fn snapshot_id(&self) -> String {
        self.whole().snapshot_id().to_string()
    }

    /// Return the SMTP reply for the stage of this decision.
    #[pyo3(signature = (profile = None), text_signature = "($self, profile='rfc6409')")]
    fn reply(&self, py: Python<'_>, profile: Option<&Bound<'_, PyAny>>) -> PyResult<Reply> {
        let profile = profile.map_or(Ok(Profile::default()), words::read)?;
        self.render(py, |request| Reply { reply: self.whole().reply(request, profile) })
    }

    /// Return the HTTP problem details (RFC 9457), or None where the client is told of success.
    fn problem<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(problem) = self.render(py, |request| self.whole().problem(request))? else { return Ok(None) };
        let members = PyDict::new(py);
        members.set_item("status", problem.status)?;
        members.set_item("title", problem.title)?;
        members.set_item("detail", problem.detail)?;
        Ok(Some(members))
    }

    /// Return the JMAP SetError (RFC 8621 §7.5), or None where the client is told of success.
    fn set_error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(error) = self.render(py, |request| self.whole().set_error(request))? else { return Ok(None) };
        let members = PyDict::new(py);
        members.set_item("type", error.kind)?;
        members.set_item("description", error.description)?;
        Ok(Some(members))
    }

    /// Return the octets of the request that stand at a place of this decision, or None where the place is of no octets.
    fn octets<'py>(&self, py: Python<'py>, place: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let (subject, field, start, end) = place.extract::<(Bound<'_, PyAny>, u32, u32, u32)>()?;
        let place = Place { subject: words::read(&subject)?, field, span: Span { start, end } };
        self.render(py, |request| place.octets(request).map(|octets| PyBytes::new(py, octets)))
    }

    /// Return the decision with its reply as JSON, on one line without its end.
    #[pyo3(signature = (profile = None), text_signature = "($self, profile='rfc6409')")]
    fn to_json(&self, py: Python<'_>, profile: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
        let profile = profile.map_or(Ok(Profile::default()), words::read)?;
        self.render(py, |request| self.whole().to_json(request, profile))
    }

    /// Return what `to_json` writes as plain values.
    #[pyo3(signature = (profile = None), text_signature = "($self, profile='rfc6409')")]
    fn to_dict<'py>(&self, py: Python<'py>, profile: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        plain(py, &self.to_json(py, profile)?)
    }

    /// Refuse to be used as a condition, where a denial would count as true.
    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err("a decision is neither true nor false; ask for `decision.allowed`"))
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __eq__(&self, other: &Self) -> bool {
        self == other
    }

    fn __repr__(&self) -> String {
        let slugs: Vec<_> = self.whole().reasons().iter().map(|finding| finding.reason.slug()).collect();
        let because = if slugs.is_empty() { "" } else { ": " };
        let Summary { verdict, stage, .. } = self.summary();
        format!("<sendas.Decision {} at {}{because}{}>", verdict.name(), stage.name(), slugs.join(", "))
    }
}

/// An SMTP reply of one line; `str` writes it without its CRLF.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Reply {
    reply: sendas::Reply,
}

#[pymethods]
impl Reply {
    /// The reply code, such as 550.
    #[getter]
    fn code(&self) -> u16 {
        self.reply.code
    }

    /// The enhanced status code, such as `5.7.1`.
    #[getter]
    fn enhanced(&self) -> String {
        self.reply.enhanced_text()
    }

    /// The text.
    #[getter]
    fn text(&self) -> &str {
        &self.reply.text
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.reply == other.reply
    }

    fn __str__(&self) -> String {
        self.reply.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Reply {}>", self.reply)
    }
}

/// Reads JSON back as plain values.
pub(crate) fn plain<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

/// Returns a place as a `sendas.Place`.
pub(crate) fn position(py: Python<'_>, place: Place) -> PyResult<Bound<'_, PyAny>> {
    static PLACE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let value = PLACE.import(py, "sendas._values", "Place")?;
    value.call1((place.subject.name(), place.field, place.span.start, place.span.end))
}

fn findings<'py>(py: Python<'py>, findings: &[Finding]) -> PyResult<Bound<'py, PyList>> {
    static FINDING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let finding = FINDING.import(py, "sendas._values", "Finding")?;
    let value = |&Finding { reason, place }: &Finding| finding.call1((reason.slug(), position(py, place)?));
    PyList::new(py, findings.iter().map(value).collect::<PyResult<Vec<_>>>()?)
}
