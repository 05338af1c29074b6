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
    rows: Vec<Row>,
    /// How many places were found in all rows, and how many octets stand there: at least as many as any column has.
    found: usize,
    octets_found: usize,
    octets: Option<Octets>,
    reasons: Option<Places>,
    would_deny: Option<Places>,
    grants: Option<Places>,
}

/// What every decision has, in a few octets: the numbers of words.
struct Row {
    verdict: u8,
    action: u8,
    stage: u8,
    provisional: bool,
    reason: u8,
    subject: u8,
    omitted: u32,
    omitted_grants: u32,
}

/// Says that one more row would need offsets of more than 31 bits.
pub(crate) struct Full;

impl Decisions {
    /// Begins with no row, and with room for this many that are allowed; the fields are some of [`Decisions::fields`].
    pub(crate) fn with_capacity(rows: usize, fields: &Fields) -> Self {
        let rows = rows.min(MOST_FORESEEN);
        let asked = |name: &str| fields.find(name).is_some();
        let findings = |name: &str| asked(name).then(|| Places::new(REASON, reasons(), rows, 0));
        // The two addresses of a message.
        let grants = || Places::new(BASIS, Words::new(Basis::ALL, |basis| basis as u8, Basis::name), rows, 2 * rows);
        Self {
            fields: fields.clone(),
            rows: Vec::with_capacity(rows),
            found: 0,
            octets_found: 0,
            octets: asked("octets").then(|| Octets::with_capacity(rows, 0)),
            reasons: findings("reasons"),
            would_deny: findings("would_deny"),
            grants: asked("grants").then(grants),
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
        if !self.has_room(decision) {
            return Err(Full);
        }
        let first = decision.reasons().first();
        self.rows.push(Row {
            verdict: decision.verdict() as u8,
            action: decision.action() as u8,
            stage: decision.stage() as u8,
            provisional: decision.provisional(),
            reason: first.map_or(NONE, |finding| finding.reason as u8),
            subject: first.map_or(NONE, |finding| finding.place.subject as u8),
            omitted: decision.omitted(),
            omitted_grants: decision.omitted_grants(),
        });
        if let Some(octets) = &mut self.octets {
            octets.push(first.and_then(|finding| finding.place.octets(request)));
        }
        for (column, findings) in
            [(&mut self.reasons, decision.reasons()), (&mut self.would_deny, decision.would_deny())]
        {
            let Some(column) = column else { continue };
            for &Finding { reason, place } in findings {
                column.push(reason as u8, place, request);
            }
            column.end_row();
        }
        if let Some(grants) = &mut self.grants {
            for &Grant { basis, place } in decision.grants() {
                grants.push(basis as u8, place, request);
            }
            grants.end_row();
        }
        Ok(())
    }

    /// Returns the columns that are asked for, in the order of [`Decisions::fields`].
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, Wrong> {
        let Self { fields, rows, octets, reasons: found, would_deny, grants, .. } = self;
        let number = |of: fn(&Row) -> u32| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| of(row).into())))
        };
        let mut columns = Vec::with_capacity(fields.len());
        let asked = |name: &str| fields.find(name).is_some();
        if asked("verdict") {
            let words = Words::new(&Verdict::ALL, |verdict| verdict as u8, Verdict::name);
            columns.push(words.column(rows.iter().map(|row| row.verdict))?);
        }
        if asked("action") {
            let words = Words::new(&Action::ALL, |action| action as u8, Action::name);
            columns.push(words.column(rows.iter().map(|row| row.action))?);
        }
        if asked("stage") {
            let words = Words::new(&Stage::ALL, |stage| stage as u8, Stage::name);
            columns.push(words.column(rows.iter().map(|row| row.stage))?);
        }
        if asked("provisional") {
            let mut provisional = rows.iter().map(|row| row.provisional);
            let bits = BooleanBuffer::collect_bool(rows.len(), |_| provisional.next() == Some(true));
            columns.push(Arc::new(BooleanArray::new(bits, None)));
        }
        if asked(REASON) {
            columns.push(reasons().column(rows.iter().map(|row| row.reason))?);
        }
        if asked("subject") {
            let words = Words::new(&Subject::ALL, |subject| subject as u8, Subject::name);
            columns.push(words.column(rows.iter().map(|row| row.subject))?);
        }
        columns.extend(octets.map(Octets::finish).transpose()?);
        columns.extend(found.map(Places::finish).transpose()?);
        columns.extend(would_deny.map(Places::finish).transpose()?);
        if asked("omitted") {
            columns.push(number(|row| row.omitted));
        }
        columns.extend(grants.map(Places::finish).transpose()?);
        if asked("omitted_grants") {
            columns.push(number(|row| row.omitted_grants));
        }
        Ok(columns)
    }

    /// Whether the offsets of every column have 31 bits after one more row, which then counts.
    #[inline]
    fn has_room(&mut self, decision: &Decision) -> bool {
        if self.rows.len() >= MOST_ENTRIES {
            return false;
        }
        let places = [&self.reasons, &self.would_deny, &self.grants];
        if self.octets.is_none() && places.iter().all(|places| places.is_none()) {
            return true;
        }
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

/// The words of the reasons.
fn reasons() -> Words {
    Words::new(Reason::ALL, |reason| reason as u8, Reason::slug)
}

const REASON: &str = "reason";
const BASIS: &str = "basis";

/// For as many rows memory is asked for before they are there.
const MOST_FORESEEN: usize = 1 << 20;
/// As many elements as a column may have, so that the offsets of their words have 31 bits.
const MOST_ENTRIES: usize = (1 << 30) / WIDTH;
/// As many octets of requests as a column may have.
const MOST_OCTETS: usize = if cfg!(test) { 160 } else { 1 << 30 };
