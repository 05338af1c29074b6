//! A compiled policy that answers requests.

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{iter, thread};

use memmap2::Mmap;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyString};
use sendas::{HashKey, LinesError, Options, Request, SnapshotLines, Stage};
use sendas_arrow::Asked;
use sendas_many::{Decided, Requests};

use crate::administration::{self, Directory};
use crate::argument::{Argument, Arguments, Call, Items, missing};
use crate::arrow;
use crate::decision::Decision;
use crate::explain::Explanation;
use crate::many::Decisions;
use crate::plain;
use crate::policy::{Policy, damaged_snapshot, not_compiled, not_read};
use crate::request::{Facts, STAGE};
use crate::session::Session;
use crate::text::{Text, of_request, wrong_type};
use crate::words;

/// A compiled policy that answers requests: immutable, and safe to use from several threads.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Snapshot {
    pub(crate) snapshot: sendas::Snapshot,
}

#[pymethods]
impl Snapshot {
    /// Compile a policy.
    #[staticmethod]
    #[pyo3(signature = (policy, *, hash_key = None, field_octets = None, header_octets = None, mailboxes = None, comment_depth = None))]
    fn compile(
        py: Python<'_>,
        policy: &Policy,
        hash_key: Option<&Bound<'_, PyBytes>>,
        field_octets: Option<u32>,
        header_octets: Option<u32>,
        mailboxes: Option<u32>,
        comment_depth: Option<u32>,
    ) -> PyResult<Self> {
        let limits = [field_octets, header_octets, mailboxes, comment_depth];
        let options = read_options(py, hash_key, limits)?;
        let compiled = py.detach(|| sendas::Snapshot::compile_on(threads(), &policy.policy, &options));
        compiled.map(|snapshot| Self { snapshot }).map_err(|error| not_compiled(py, &error))
    }

    /// Compile a policy as JSON Lines, as one text or in pieces, without the whole of it in memory.
    #[staticmethod]
    #[pyo3(signature = (text, *, hash_key = None, field_octets = None, header_octets = None, mailboxes = None, comment_depth = None))]
    fn from_json_lines(
        text: &Bound<'_, PyAny>,
        hash_key: Option<&Bound<'_, PyBytes>>,
        field_octets: Option<u32>,
        header_octets: Option<u32>,
        mailboxes: Option<u32>,
        comment_depth: Option<u32>,
    ) -> PyResult<Self> {
        let py = text.py();
        let options = read_options(py, hash_key, [field_octets, header_octets, mailboxes, comment_depth])?;
        let compiled = if text.is_instance_of::<PyBytes>() || text.is_instance_of::<PyString>() {
            let text = Text::new(text, "text")?;
            let octets = text.octets(py)?;
            py.detach(|| SnapshotLines::compile_on(threads(), [octets], &options))
        } else {
            let pieces = text.try_iter()?.unbind();
            let mut failed = None;
            // Python is asked for several pieces at once, and may do something else while they are compiled.
            let next = || {
                Python::attach(|py| next_pieces(py, &pieces)).unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                })
            };
            let compiled = py.detach(|| SnapshotLines::compile_on(threads(), iter::from_fn(next), &options));
            if let Some(error) = failed {
                return Err(error);
            }
            compiled
        };
        match compiled {
            Ok(snapshot) => Ok(Self { snapshot }),
            Err(LinesError::Text(error)) => Err(not_read(py, "PolicyError", &error, error.diagnostics())),
            Err(LinesError::Snapshot(error)) => Err(not_compiled(py, &error)),
            Err(error) => Err(PyValueError::new_err(error.to_string())),
        }
    }

    /// Open a sealed snapshot: its octets, or the path of a file, which is mapped.
    #[staticmethod]
    fn open(py: Python<'_>, sealed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let opened = if let Ok(octets) = sealed.cast::<PyBytes>() {
            sendas::Snapshot::open(PyBackedBytes::from(octets.clone()))
        } else {
            let Ok(path) = sealed.extract::<PathBuf>() else {
                return Err(wrong_type(sealed, "sealed", "bytes or a path"));
            };
            // A file that cannot be read is refused as everywhere in Python.
            py.import("io")?.getattr("FileIO")?.call1((sealed,))?.call_method0("close")?;
            sendas::Snapshot::open(map(&path)?)
        };
        opened.map(|snapshot| Self { snapshot }).map_err(|error| damaged_snapshot(py, &error))
    }

    /// Return the snapshot as octets that `open` takes.
    fn seal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = py.detach(|| self.snapshot.sealed()).map_err(|error| not_compiled(py, &error))?;
        PyBytes::new_with(py, sealed.size(), |mut octets| {
            for part in sealed.parts() {
                let (here, rest) = octets.split_at_mut(part.len());
                here.copy_from_slice(part);
                octets = rest;
            }
            Ok(())
        })
    }

    /// Check all of an opened snapshot at once. Decisions then ask about no part any more.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.snapshot.verify()).map_err(|error| damaged_snapshot(py, &error))
    }

    /// Return the same snapshot without a trace of the changes that led to it.
    fn compact(&self, py: Python<'_>) -> PyResult<Self> {
        let compact = py.detach(|| self.snapshot.compact());
        compact.map(|snapshot| Self { snapshot }).map_err(|error| not_compiled(py, &error))
    }

    /// Return what makes of this snapshot the newer one.
    fn delta<'py>(&self, py: Python<'py>, newer: &Self) -> PyResult<Bound<'py, PyBytes>> {
        let delta = py.detach(|| self.snapshot.delta(&newer.snapshot)).map_err(|error| damaged_snapshot(py, &error))?;
        Ok(PyBytes::new(py, &delta))
    }

    /// Return the snapshot that a delta leads to from this one.
    fn apply_delta(&self, py: Python<'_>, delta: &[u8]) -> PyResult<Self> {
        let applied = py.detach(|| self.snapshot.apply_delta(delta));
        applied.map(|snapshot| Self { snapshot }).map_err(|error| damaged_snapshot(py, &error))
    }

    /// Identifies the content: equal policies have equal ids, 32 hexadecimal digits.
    #[getter]
    fn id(&self) -> String {
        self.snapshot.id().to_string()
    }

    /// The number of octets that the compiled pages take.
    #[getter]
    fn size(&self) -> usize {
        self.snapshot.size()
    }

    /// Return the ids of all tenants, sorted.
    fn tenants(&self, py: Python<'_>) -> PyResult<Vec<&str>> {
        self.snapshot.tenants().collect::<Result<_, _>>().map_err(|error| damaged_snapshot(py, &error))
    }

    /// Return a snapshot in which this tenant is as the policy says, replaced or added. This one stays as it is.
    fn replace_tenant(&self, py: Python<'_>, id: &str, policy: &Policy) -> PyResult<Self> {
        let Some(tenant) = policy.policy.tenants.iter().find(|tenant| tenant.id == id) else {
            let wrong = format!("`id` must be the id of a tenant of the policy, which has no `{id}`");
            return Err(PyValueError::new_err(wrong));
        };
        let replaced = py.detach(|| self.snapshot.replace_tenant(tenant));
        replaced.map(|snapshot| Self { snapshot }).map_err(|error| not_compiled(py, &error))
    }

    /// Return a snapshot without this tenant, or the same when there is none. This one stays as it is.
    fn remove_tenant(&self, py: Python<'_>, id: &str) -> PyResult<Self> {
        let removed = py.detach(|| self.snapshot.remove_tenant(id));
        removed.map(|snapshot| Self { snapshot }).map_err(|error| not_compiled(py, &error))
    }

    /// Return the snapshot of a directory to which the record has just been applied. This one stays as it is.
    fn follow(&self, py: Python<'_>, directory: &Directory, record: &Bound<'_, PyAny>) -> PyResult<Self> {
        let record = administration::read(record, sendas::admin::Record::from_json)?;
        let (snapshot, directory) = (&self.snapshot, directory.current(py));
        let followed = py.detach(move || snapshot.follow(&directory, &record));
        followed.map(|snapshot| Self { snapshot }).map_err(|error| not_compiled(py, &error))
    }

    /// Decide a request as far as it is known at a stage.
    // Python hands arguments that are named here over as they stand in the call, and makes a dictionary for `**facts`.
    #[expect(clippy::too_many_arguments, reason = "they are those of Python")]
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
    fn evaluate<'a, 'py>(
        &self,
        py: Python<'py>,
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
    ) -> PyResult<Decision> {
        let view = Argument::default();
        let given = Arguments {
            now,
            channel,
            account,
            role,
            client_ip,
            credential_kind,
            credential_id,
            scopes,
            tls,
            smtputf8,
            envelope_sender,
            header,
            stage,
            view,
        };
        answer(py, &given, |request, stage| self.snapshot.evaluate_stage(request, stage))
    }

    /// Decide many requests, while other threads may run.
    fn evaluate_many(&self, py: Python<'_>, requests: &Bound<'_, PyAny>) -> PyResult<Decisions> {
        let (mut all, mut given) = (Vec::new(), requests.try_iter()?);
        loop {
            let mut some = Requests::new();
            for request in given.by_ref().take(Requests::AT_ONCE) {
                let request = request?;
                if !plain::push(&request, &mut some) {
                    let number = all.len() * Requests::AT_ONCE + some.len();
                    push(&request, &mut some).map_err(|error| of_request(py, error, number))?;
                }
            }
            py.check_signals()?;
            // What has ended is not asked again: it might go on, and those behind it would be found at wrong places.
            let ended = some.len() < Requests::AT_ONCE;
            if !some.is_empty() {
                all.push(Arc::new(py.detach(|| Decided::new(&self.snapshot, some))));
            }
            if ended {
                return Ok(Decisions::new(all));
            }
        }
    }

    /// Decide requests that stand in Arrow's columns, and keep some of these beside the decisions.
    #[pyo3(signature = (data, *, keep = None, columns = None), text_signature = "($self, data, *, keep=(), columns=None)")]
    fn evaluate_arrow<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        keep: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let keep: Vec<String> = keep.map_or(Ok(Vec::new()), PyAnyMethods::extract)?;
        let columns: Option<Vec<String>> = columns.map(PyAnyMethods::extract).transpose()?;
        arrow::evaluate(&self.snapshot, data, &Asked { keep, columns })
    }

    /// Explain the decision of a request; the view says who will read it.
    #[pyo3(
        signature = (**facts),
        text_signature = "($self, *, now, channel, account=None, role=None, client_ip=None, credential_kind=None, credential_id=None, scopes=None, tls=None, smtputf8=False, envelope_sender=None, header=None, stage='message', view)"
    )]
    fn explain(&self, py: Python<'_>, facts: Option<&Bound<'_, PyDict>>) -> PyResult<Explanation> {
        let items = Items::of(py, facts, Call::Explain)?;
        let given = items.arguments();
        let view = given.view.read(words::read)?.ok_or_else(|| missing("view"))?;
        let (facts, stage) = (Facts::read(&given)?, read_stage(&given)?);
        let lent = facts.lend(py)?;
        Ok(Explanation::new(py.detach(|| self.snapshot.explain_stage(&lent.request(), stage, view))))
    }

    /// Open a session with what is known of a client after AUTH.
    #[pyo3(
        signature = (**facts),
        text_signature = "($self, *, now, channel, account=None, role=None, client_ip=None, credential_kind=None, credential_id=None, scopes=None, tls=None)"
    )]
    fn session(&self, py: Python<'_>, facts: Option<&Bound<'_, PyDict>>) -> PyResult<Session> {
        let facts = Facts::read(&Items::of(py, facts, Call::Session)?.arguments())?;
        let session = self.snapshot.session(&facts.lend(py)?.request());
        Ok(Session::new(session, facts))
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Snapshot {} of {} tenants>", self.snapshot.id(), self.snapshot.tenant_count())
    }
}

/// Reads what a snapshot is compiled with; of the limits, in the order of `Snapshot.compile`, those that are given.
fn read_options(
    py: Python<'_>,
    hash_key: Option<&Bound<'_, PyBytes>>,
    [field_octets, header_octets, mailboxes, comment_depth]: [Option<u32>; 4],
) -> PyResult<Options> {
    let mut options = Options::new(read_key(py, hash_key)?);
    let limits = &mut options.limits;
    limits.field_octets = field_octets.unwrap_or(limits.field_octets);
    limits.header_octets = header_octets.unwrap_or(limits.header_octets);
    limits.mailboxes = mailboxes.unwrap_or(limits.mailboxes);
    limits.comment_depth = comment_depth.unwrap_or(limits.comment_depth);
    Ok(options)
}

/// Reads the next pieces of a text, as many as make asking for them cheap; `None` behind the last one.
fn next_pieces(py: Python<'_>, pieces: &Py<PyIterator>) -> PyResult<Option<Vec<u8>>> {
    let mut octets = Vec::new();
    for piece in pieces.bind(py).clone() {
        octets.extend_from_slice(Text::new(&piece?, "text")?.octets(py)?);
        if octets.len() >= PIECES {
            break;
        }
    }
    Ok(if octets.is_empty() { None } else { Some(octets) })
}

/// As many threads as the processor runs at once.
fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Reads a mapping that is a request, and its stage.
pub(crate) fn read_staged(request: &Bound<'_, PyAny>) -> PyResult<(Facts, Stage)> {
    let items = Items::of_mapping(request, Call::Evaluate, ["requests", "a sequence of mappings"])?;
    let given = items.arguments();
    Ok((Facts::read(&given)?, read_stage(&given)?))
}

/// Appends a copy of a request, however it is written.
fn push(request: &Bound<'_, PyAny>, requests: &mut Requests) -> PyResult<()> {
    let (facts, stage) = read_staged(request)?;
    let pushed = requests.push(&facts.lend(request.py())?.request(), stage);
    pushed.map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Maps a file into memory.
#[expect(unsafe_code, reason = "a file that is mapped can be changed from outside, which no type can forbid")]
fn map(path: &Path) -> PyResult<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the file is read only, and sealed files are replaced by renaming, never written into (SECURITY.md); what reads the
    // mapping checks every length, and takes no octet for anything but a number or text.
    Ok(unsafe { Mmap::map(&file) }?)
}

/// Returns the key that was given, or one from the system's random source.
pub(crate) fn read_key(py: Python<'_>, key: Option<&Bound<'_, PyBytes>>) -> PyResult<HashKey> {
    let random;
    let octets = if let Some(key) = key {
        key.as_bytes()
    } else {
        random = py.import("os")?.call_method1("urandom", (16,))?.cast_into::<PyBytes>()?;
        random.as_bytes()
    };
    let key = octets.try_into().map_err(|_| PyValueError::new_err("`hash_key` must be 16 random bytes"))?;
    Ok(HashKey(key))
}

/// Reads what was given, asks core, and keeps what the decision is about.
#[inline]
pub(crate) fn answer(
    py: Python<'_>,
    given: &Arguments<'_, '_>,
    evaluate: impl Fn(&Request<'_>, Stage) -> sendas::Decision + Sync,
) -> PyResult<Decision> {
    let (facts, stage) = (Facts::read(given)?, read_stage(given)?);
    let lent = facts.lend(py)?;
    let request = lent.request();
    let decision = if lent.header_octets() < DETACHED_OCTETS {
        evaluate(&request, stage)
    } else {
        py.detach(|| evaluate(&request, stage))
    };
    drop(lent);
    Ok(Decision::new(Box::new(decision), facts))
}

/// Reads the stage.
fn read_stage(given: &Arguments<'_, '_>) -> PyResult<Stage> {
    Ok(given.stage.read(words::read)?.unwrap_or(STAGE))
}

/// So many octets are taken from Python at once.
const PIECES: usize = 256 * 1024;

/// Reading a header of this size takes longer than letting other threads run.
const DETACHED_OCTETS: usize = 16 * 1024;
