//! Decisions as columns.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, BooleanBuilder, Int64Builder, StringBuilder};
use arrow_schema::{DataType, Field, Fields};
use sendas::{Decision, Finding, MAX_FINDINGS, MAX_GRANTS, Request};

use super::places::Places;
use super::wrong::Wrong;

/// The columns of decisions, row by row.
pub(super) struct Decisions {
    rows: usize,
    verdict: StringBuilder,
    action: StringBuilder,
    stage: StringBuilder,
    provisional: BooleanBuilder,
    reason: StringBuilder,
    subject: StringBuilder,
    octets: BinaryBuilder,
    reasons: Places,
    would_deny: Places,
    omitted: Int64Builder,
    grants: Places,
    omitted_grants: Int64Builder,
}

/// Says that one more row would need offsets of more than 31 bits.
pub(super) struct Full;

impl Decisions {
    /// Begins with no row, and with room for this many that are allowed.
    pub(super) fn with_capacity(rows: usize) -> Self {
        let rows = rows.min(MOST_FORESEEN);
        // The longest of the usual words, and the two addresses of a message.
        let words = |octets: usize| StringBuilder::with_capacity(rows, rows * octets);
        Self {
            rows: 0,
            verdict: words("allow".len()),
            action: words("accept".len()),
            stage: words("message".len()),
            provisional: BooleanBuilder::with_capacity(rows),
            reason: words(0),
            subject: words(0),
            octets: BinaryBuilder::with_capacity(rows, 0),
            reasons: Places::with_capacity(REASON, rows, 0),
            would_deny: Places::with_capacity(REASON, rows, 0),
            omitted: Int64Builder::with_capacity(rows),
            grants: Places::with_capacity(BASIS, rows, 2 * rows),
            omitted_grants: Int64Builder::with_capacity(rows),
        }
    }

    /// What the columns are.
    pub(super) fn fields() -> Fields {
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
    pub(super) fn push(&mut self, decision: &Decision, request: &Request<'_>) -> Result<(), Full> {
        if !self.has_room(decision) {
            return Err(Full);
        }
        self.rows += 1;
        self.verdict.append_value(decision.verdict().name());
        self.action.append_value(decision.action().name());
        self.stage.append_value(decision.stage().name());
        self.provisional.append_value(decision.provisional());
        let first = decision.reasons().first();
        self.reason.append_option(first.map(|finding| finding.reason.slug()));
        self.subject.append_option(first.map(|finding| finding.place.subject.name()));
        self.octets.append_option(first.and_then(|finding| finding.place.octets(request)));
        for (column, findings) in
            [(&mut self.reasons, decision.reasons()), (&mut self.would_deny, decision.would_deny())]
        {
            for &Finding { reason, place } in findings {
                column.push(reason.slug(), place, request);
            }
            column.end_row();
        }
        self.omitted.append_value(decision.omitted().into());
        for grant in decision.grants() {
            self.grants.push(grant.basis.name(), grant.place, request);
        }
        self.grants.end_row();
        self.omitted_grants.append_value(decision.omitted_grants().into());
        Ok(())
    }

    /// Returns the columns, in the order of [`Decisions::fields`].
    pub(super) fn finish(mut self) -> Result<Vec<ArrayRef>, Wrong> {
        Ok(vec![
            Arc::new(self.verdict.finish()),
            Arc::new(self.action.finish()),
            Arc::new(self.stage.finish()),
            Arc::new(self.provisional.finish()),
            Arc::new(self.reason.finish()),
            Arc::new(self.subject.finish()),
            Arc::new(self.octets.finish()),
            self.reasons.finish()?,
            self.would_deny.finish()?,
            Arc::new(self.omitted.finish()),
            self.grants.finish()?,
            Arc::new(self.omitted_grants.finish()),
        ])
    }

    /// Whether the offsets of every column have 31 bits after one more row: no word has more than 32 octets, so that their
    /// number decides, and the octets of places do.
    fn has_room(&self, decision: &Decision) -> bool {
        let entries = self.reasons.len().max(self.would_deny.len()).max(self.grants.len());
        if self.rows >= MOST_ENTRIES || entries + MAX_FINDINGS.max(MAX_GRANTS) > MOST_ENTRIES {
            return false;
        }
        let findings = decision.reasons().iter().chain(decision.would_deny()).map(|finding| finding.place);
        let places = findings.chain(decision.grants().iter().map(|grant| grant.place));
        let more: usize = places.map(|place| place.span.end.saturating_sub(place.span.start) as usize).sum();
        let octets = self.reasons.octets().max(self.would_deny.octets()).max(self.grants.octets());
        octets.saturating_add(more) <= MOST_OCTETS
    }
}

const REASON: &str = "reason";
const BASIS: &str = "basis";

/// For as many rows memory is asked for before they are there.
const MOST_FORESEEN: usize = 1 << 20;
/// As many elements as a column may have.
const MOST_ENTRIES: usize = 1 << 25;
/// As many octets of requests as a column may have.
const MOST_OCTETS: usize = if cfg!(test) { 160 } else { 1 << 30 };
