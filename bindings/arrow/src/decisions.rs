//! Decisions as columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Field, Fields};
use sendas::{Action, Basis, Decision, Finding, Grant, Place, Reason, Request, Stage, Subject, Verdict};

use crate::octets::Octets;
use crate::places::Places;
use crate::words::{NONE, WIDTH, Words};
use crate::wrong::Wrong;

/// The columns of decisions that are asked for, row by row.
pub(crate) struct Decisions {
    fields: Fields,
    rows: usize,
    /// Whether a column has places, or octets of them.
    has_places: bool,
    /// Whether a column has anything but words.
    has_more: bool,
    /// How many places were found in all rows, and how many octets stand there: at least as many as any column has.
    found: usize,
    octets_found: usize,
    verdicts: Option<Numbers>,
    actions: Option<Numbers>,
    stages: Option<Numbers>,
    provisional: Option<Vec<bool>>,
    first_reasons: Option<Numbers>,
    subjects: Option<Numbers>,
    octets: Option<Octets>,
    reasons: Option<Places>,
    would_deny: Option<Places>,
    omitted: Option<Vec<i64>>,
    grants: Option<Places>,
    omitted_grants: Option<Vec<i64>>,
}

/// The number of a word for each row, or [`NONE`].
type Numbers = Vec<u8>;

/// Says that one more row would need offsets of more than 31 bits.
pub(crate) struct Full;

impl Decisions {
    /// Begins with no row, and with room for this many that are allowed; the fields are some of [`Decisions::fields`].
    pub(crate) fn with_capacity(rows: usize, fields: &Fields) -> Self {
        let rows = rows.min(MOST_FORESEEN);
        let asked = |name: &str| fields.find(name).is_some();
        let words = |name: &str| asked(name).then(|| Vec::with_capacity(rows));
        let counts = |name: &str| asked(name).then(|| Vec::with_capacity(rows));
        let findings = |name: &str| asked(name).then(|| Places::new(REASON, reasons(), rows, 0));
        // The two addresses of a message.
        let grants = || Places::new(BASIS, Words::new(Basis::ALL, |basis| basis as u8, Basis::name), rows, 2 * rows);
        Self {
            fields: fields.clone(),
            rows: 0,
            has_places: PLACES.into_iter().any(asked),
            has_more: fields.iter().any(|field| !WORDS.contains(&field.name().as_str())),
            found: 0,
            octets_found: 0,
            verdicts: words("verdict"),
            actions: words("action"),
            stages: words("stage"),
            provisional: asked("provisional").then(|| Vec::with_capacity(rows)),
            first_reasons: words(REASON),
            subjects: words("subject"),
            octets: asked("octets").then(|| Octets::with_capacity(rows, 0)),
            reasons: findings("reasons"),
            would_deny: findings("would_deny"),
            omitted: counts("omitted"),
            grants: asked("grants").then(grants),
            omitted_grants: counts("omitted_grants"),
        }
    }

    /// What the columns are.
    pub(crate) fn fields() -> Fields {
        let findings = Places::data_type(REASON);
        Fields::from(vec![
            Field::new("verdict", DataType::Utf8, false),
            Field::new("action", DataType::Utf8, false),
            Field::new("stage", DataType::Utf8, false),
            Field::new("provisional", DataType::Boolean, false),
            Field::new(REASON, DataType::Utf8, true),
            Field::new("subject", DataType::Utf8, true),
            Field::new("octets", DataType::Binary, true),
            Field::new("reasons", findings.clone(), false),
            Field::new("would_deny", findings, false),
            Field::new("omitted", DataType::Int64, false),
            Field::new("grants", Places::data_type(BASIS), false),
            Field::new("omitted_grants", DataType::Int64, false),
        ])
    }

    /// Adds a decision, and the octets that its places have in the request.
    #[inline]
    pub(crate) fn push(&mut self, decision: &Decision, request: &Request<'_>) -> Result<(), Full> {
        if self.rows >= MOST_ENTRIES || self.has_places && !self.take_room(decision) {
            return Err(Full);
        }
        self.rows += 1;
        let first = decision.reasons().first();
        add(&mut self.verdicts, || decision.verdict() as u8);
        add(&mut self.actions, || decision.action() as u8);
        add(&mut self.stages, || decision.stage() as u8);
        add(&mut self.first_reasons, || first.map_or(NONE, |finding| finding.reason as u8));
        add(&mut self.subjects, || first.map_or(NONE, |finding| finding.place.subject as u8));
        if self.has_more {
            self.push_more(decision, request);
        }
        Ok(())
    }

    /// Adds what is no word.
    #[inline(never)]
    fn push_more(&mut self, decision: &Decision, request: &Request<'_>) {
        add(&mut self.provisional, || decision.provisional());
        add(&mut self.omitted, || decision.omitted().into());
        add(&mut self.omitted_grants, || decision.omitted_grants().into());
        if let Some(octets) = &mut self.octets {
            octets.push(decision.reasons().first().and_then(|first| first.place.octets(request)));
        }
        let of_finding = |&Finding { reason, place }: &Finding| (reason as u8, place);
        let of_grant = |&Grant { basis, place }: &Grant| (basis as u8, place);
        list(&mut self.reasons, decision.reasons().iter().map(of_finding), request);
        list(&mut self.would_deny, decision.would_deny().iter().map(of_finding), request);
        list(&mut self.grants, decision.grants().iter().map(of_grant), request);
    }

    /// Returns the columns that are asked for, in the order of [`Decisions::fields`].
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, Wrong> {
        let mut columns = Vec::with_capacity(self.fields.len());
        if let Some(verdicts) = self.verdicts {
            columns.push(Words::new(&Verdict::ALL, |verdict| verdict as u8, Verdict::name).column(&verdicts)?);
        }
        if let Some(actions) = self.actions {
            columns.push(Words::new(&Action::ALL, |action| action as u8, Action::name).column(&actions)?);
        }
        if let Some(stages) = self.stages {
            columns.push(Words::new(&Stage::ALL, |stage| stage as u8, Stage::name).column(&stages)?);
        }
        if let Some(provisional) = self.provisional {
            let bits = BooleanBuffer::collect_bool(provisional.len(), |row| provisional[row]);
            columns.push(Arc::new(BooleanArray::new(bits, None)));
        }
        if let Some(numbers) = self.first_reasons {
            columns.push(reasons().column(&numbers)?);
        }
        if let Some(subjects) = self.subjects {
            columns.push(Words::new(&Subject::ALL, |subject| subject as u8, Subject::name).column(&subjects)?);
        }
        columns.extend(self.octets.map(Octets::finish).transpose()?);
        columns.extend(self.reasons.map(Places::finish).transpose()?);
        columns.extend(self.would_deny.map(Places::finish).transpose()?);
        columns.extend(self.omitted.map(counts));
        columns.extend(self.grants.map(Places::finish).transpose()?);
        columns.extend(self.omitted_grants.map(counts));
        Ok(columns)
    }

    /// Counts the places of one more row, if the offsets of every column have 31 bits then.
    #[inline(never)]
    fn take_room(&mut self, decision: &Decision) -> bool {
        let (reasons, would_deny, grants) = (decision.reasons(), decision.would_deny(), decision.grants());
        let octets = |place: &Place| place.span.end.saturating_sub(place.span.start) as usize;
        let of_findings: usize = reasons.iter().chain(would_deny).map(|finding| octets(&finding.place)).sum();
        let of_grants: usize = grants.iter().map(|grant| octets(&grant.place)).sum();
        let found = self.found + reasons.len() + would_deny.len() + grants.len();
        let octets_found = self.octets_found.saturating_add(of_findings).saturating_add(of_grants);
        if found > MOST_ENTRIES || octets_found > MOST_OCTETS {
            return false;
        }
        (self.found, self.octets_found) = (found, octets_found);
        true
    }
}

/// Adds a row to a column that is asked for.
#[inline]
fn add<T>(column: &mut Option<Vec<T>>, value: impl FnOnce() -> T) {
    if let Some(column) = column {
        column.push(value());
    }
}

/// Adds a row to a column of lists that is asked for.
#[inline]
fn list(column: &mut Option<Places>, found: impl Iterator<Item = (u8, Place)>, request: &Request<'_>) {
    if let Some(column) = column {
        found.for_each(|(word, place)| column.push(word, place, request));
        column.end_row();
    }
}

fn counts(counts: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(counts))
}

/// The words of the reasons.
fn reasons() -> Words {
    Words::new(Reason::ALL, |reason| reason as u8, Reason::slug)
}

/// The columns of words.
const WORDS: [&str; 5] = ["verdict", "action", "stage", REASON, "subject"];

/// The columns that have places, or octets of them.
const PLACES: [&str; 4] = ["octets", "reasons", "would_deny", "grants"];

const REASON: &str = "reason";
const BASIS: &str = "basis";

/// For as many rows memory is asked for before they are there.
const MOST_FORESEEN: usize = 1 << 20;
/// As many elements as a column may have, so that the offsets of their words have 31 bits.
const MOST_ENTRIES: usize = (1 << 30) / WIDTH;
/// As many octets of requests as a column may have.
const MOST_OCTETS: usize = if cfg!(test) { 160 } else { 1 << 30 };
