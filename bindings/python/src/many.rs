//! What was decided of many requests: a sequence that makes a decision when it is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::{PyIndexError, PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PySlice, PyString};
use sendas::Verdict;
use sendas_many::{Decided, Requests, Summary};

use crate::decision::Decision;
use crate::text::wrong_type;
use crate::words::Names;

/// Decisions in the order of their requests, or a slice of them.
#[pyclass(frozen, sequence, module = "sendas")]
#[derive(Clone)]
pub(crate) struct Decisions {
    /// All of them, [`Requests::AT_ONCE`] together, save the last: a decision keeps only those alive with which it stands.
    all: Arc<Vec<Arc<Decided>>>,
    places: Places,
}

/// Which of all decisions a sequence has: every one `step` behind the last.
#[derive(Clone, Copy)]
struct Places {
    first: isize,
    step: isize,
    count: usize,
}

impl Places {
    /// The number, among all decisions, of the one at a place.
    fn number(self, place: usize) -> Option<usize> {
        let place = isize::try_from(place).ok().filter(|_| place < self.count)?;
        usize::try_from(self.first + place * self.step).ok()
    }

    /// Every one `step` behind the last of these, from `start` on.
    const fn slice(self, start: isize, step: isize, count: usize) -> Self {
        match count {
            0 => Self { first: 0, step: 1, count },
            // Where there is no second one, its distance may be any number, and too large to multiply.
            1 => Self { first: self.first + start * self.step, step: 1, count },
            _ => Self { first: self.first + start * self.step, step: self.step * step, count },
        }
    }
}

impl Decisions {
    /// Each but the last has [`Requests::AT_ONCE`].
    pub(crate) fn new(all: Vec<Arc<Decided>>) -> Self {
        let full = |decided: &Arc<Decided>| decided.summaries().len() == Requests::AT_ONCE;
        assert!(all.iter().rev().skip(1).all(full), "a group that is not the last has fewer requests than a group has");
        let count = all.iter().map(|decided| decided.summaries().len()).sum();
        Self { all: Arc::new(all), places: Places { first: 0, step: 1, count } }
    }

    /// Those at a place that are together, and which of them it is.
    fn find(&self, place: usize) -> Option<(&Arc<Decided>, usize)> {
        let number = self.places.number(place)?;
        Some((self.all.get(number / Requests::AT_ONCE)?, number % Requests::AT_ONCE))
    }

    fn at(&self, place: usize) -> Option<Decision> {
        let (decided, number) = self.find(place)?;
        Decision::of_many(decided, number)
    }

    fn places(&self) -> std::ops::Range<usize> {
        0..self.places.count
    }

    fn summaries(&self) -> impl Iterator<Item = &Summary> {
        self.places().filter_map(|place| {
            let (decided, number) = self.find(place)?;
            decided.summaries().get(number)
        })
    }

    /// Whether the decision at a place equals a value, which may be anything.
    fn is(&self, place: usize, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Some(decision) = self.at(place) else { return Ok(false) };
        match value.cast::<Decision>() {
            Ok(value) => Ok(decision == *value.get()),
            Err(_) => Bound::new(value.py(), decision)?.eq(value),
        }
    }

    fn equals_list(&self, list: &Bound<'_, PyList>) -> PyResult<bool> {
        for (place, other) in list.iter().enumerate() {
            if !self.is(place, &other)? {
                return Ok(false);
            }
        }
        // Whoever compares them may have changed the list.
        Ok(self.places.count == list.len())
    }

    fn listed<'py>(
        &self,
        py: Python<'py>,
        name: impl Fn(&Summary) -> &'py Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.summaries().map(name).collect::<Vec<_>>())
    }
}

#[pymethods]
impl Decisions {
    fn __len__(&self) -> usize {
        self.places.count
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            let wanted = slice.indices(isize::try_from(self.places.count)?)?;
            let places = self.places.slice(wanted.start, wanted.step, wanted.slicelength);
            return Ok(Bound::new(py, Self { all: Arc::clone(&self.all), places })?.into_any());
        }
        // No sequence is as long as what stands for a larger number.
        let place = match integer(index, "index", "int or slice")? {
            place if place < 0 => self.places.count.checked_add_signed(place),
            place => usize::try_from(place).ok(),
        };
        match place.and_then(|place| self.at(place)) {
            Some(decision) => Ok(Bound::new(py, decision)?.into_any()),
            None => Err(PyIndexError::new_err(match self.places.count {
                0 => "there is no decision, so that no `index` is right".to_owned(),
                count => format!("`index` must be from -{count} to {}", count - 1),
            })),
        }
    }

    fn __iter__(&self) -> DecisionIterator {
        DecisionIterator { decisions: self.clone(), next: AtomicUsize::new(0) }
    }

    fn __reversed__(&self) -> DecisionIterator {
        let count = self.places.count;
        let last = isize::try_from(count).unwrap_or(isize::MAX) - 1;
        let decisions = Self { all: Arc::clone(&self.all), places: self.places.slice(last, -1, count) };
        DecisionIterator { decisions, next: AtomicUsize::new(0) }
    }

    /// Return the place of the first decision that equals this one.
    #[pyo3(
        signature = (value, start = None, stop = None, /),
        text_signature = "($self, value, start=0, stop=9223372036854775807, /)"
    )]
    fn index(
        &self,
        value: &Bound<'_, PyAny>,
        start: Option<&Bound<'_, PyAny>>,
        stop: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let count = self.places.count;
        let place = |given: Option<&Bound<'_, PyAny>>, name: &str| {
            let place = |place: isize| match place {
                ..0 => count.saturating_add_signed(place),
                0.. => count.min(place.unsigned_abs()),
            };
            given.map(|given| integer(given, name, "int").map(place)).transpose()
        };
        for place in place(start, "start")?.unwrap_or(0)..place(stop, "stop")?.unwrap_or(count) {
            if self.is(place, value)? {
                return Ok(place);
            }
        }
        Err(PyValueError::new_err("there is no such decision"))
    }

    /// Return how many decisions equal this one.
    #[pyo3(signature = (value, /))]
    fn count(&self, value: &Bound<'_, PyAny>) -> PyResult<usize> {
        let mut count = 0;
        for place in self.places() {
            count += usize::from(self.is(place, value)?);
        }
        Ok(count)
    }

    fn __contains__(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        for place in self.places() {
            if self.is(place, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    /// The verdicts of all of them, in their order.
    #[getter]
    fn verdicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = Names::of(py);
        self.listed(py, |summary| names.verdict(py, summary.verdict))
    }

    /// What the host shall do with each message, in their order.
    #[getter]
    fn actions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = Names::of(py);
        self.listed(py, |summary| names.action(py, summary.action))
    }

    /// Compare with other decisions of many, or with a list.
    fn __eq__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let equal = if let Ok(other) = other.cast::<Self>() {
            let other = other.get();
            self.places.count == other.places.count && self.places().all(|place| self.at(place) == other.at(place))
        } else if let Ok(other) = other.cast::<PyList>() {
            self.places.count == other.len() && self.equals_list(other)?
        } else {
            return Ok(py.NotImplemented().into_bound(py));
        };
        Ok(PyBool::new(py, equal).to_owned().into_any())
    }

    fn __repr__(&self) -> String {
        let of = |verdict| self.summaries().filter(|summary| summary.verdict == verdict).count();
        let counts = Verdict::ALL.map(|verdict| format!("{} {}", of(verdict), verdict.name()));
        format!("<sendas.Decisions {}>", counts.join(", "))
    }
}

/// The decisions of a sequence, one by one.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct DecisionIterator {
    decisions: Decisions,
    /// The place of the next one.
    next: AtomicUsize,
}

#[pymethods]
impl DecisionIterator {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self) -> Option<Decision> {
        self.decisions.at(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn __length_hint__(&self) -> usize {
        self.decisions.places.count.saturating_sub(self.next.load(Ordering::Relaxed))
    }
}

/// Reads an integer; one that has more bits is as large or small as one can be.
fn integer(object: &Bound<'_, PyAny>, name: &str, right: &str) -> PyResult<isize> {
    match object.extract() {
        Ok(integer) => Ok(integer),
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Ok(if object.lt(0)? { isize::MIN } else { isize::MAX })
        }
        Err(_) => Err(wrong_type(object, name, right)),
    }
}
