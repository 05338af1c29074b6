//! Decisions as columns.

use arrow_array::ArrayRef;
use arrow_array::builder::{ArrayBuilder, BinaryBuilder, BooleanBuilder, Int64Builder, StringBuilder};
use arrow_schema::{DataType, Field, Fields};
use sendas::{Decision, Finding, MAX_FINDINGS, MAX_GRANTS, Request};

use crate::places::Places;
use crate::wrong::Wrong;

/// The columns of decisions that are asked for, row by row.
pub(crate) struct Decisions {
    rows: usize,
    verdict: Option<StringBuilder>,
    action: Option<StringBuilder>,
    stage: Option<StringBuilder>,
    provisional: Option<BooleanBuilder>,
    reason: Option<StringBuilder>,
    subject: Option<StringBuilder>,
    octets: Option<BinaryBuilder>,
    reasons: Option<Places>,
    would_deny: Option<Places>,
    omitted: Option<Int64Builder>,
    grants: Option<Places>,
    omitted_grants: Option<Int64Builder>,
}

/// Says that one more row would need offsets of more than 31 bits.
pub(crate) struct Full;

impl Decisions {
    /// Begins with no row, and with room for this many that are allowed; the fields are some of [`Decisions::fields`].
    pub(crate) fn with_capacity(rows: usize, fields: &Fields) -> Self {
        let rows = rows.min(MOST_FORESEEN);
        let asked = |name: &str| fields.find(name).is_some();
        // The longest of the usual words, and the two addresses of a message.
        let words = |name: &str, octets: usize| asked(name).then(|| StringBuilder::with_capacity(rows, rows * octets));
        let numbers = |name: &str| asked(name).then(|| Int64Builder::with_capacity(rows));
        let places = |name: &str, word: &'static str, elements: usize| {
            asked(name).then(|| Places::with_capacity(word, rows, elements))
        };
        Self {
            rows: 0,
            verdict: words("verdict", "allow".len()),
            action: words("action", "accept".len()),
            stage: words("stage", "message".len()),
            provisional: asked("provisional").then(|| BooleanBuilder::with_capacity(rows)),
            reason: words(REASON, 0),
            subject: words("subject", 0),
            octets: asked("octets").then(|| BinaryBuilder::with_capacity(rows, 0)),
            reasons: places("reasons", REASON, 0),
            would_deny: places("would_deny", REASON, 0),
            omitted: numbers("omitted"),
            grants: places("grants", BASIS, 2 * rows),
            omitted_grants: numbers("omitted_grants"),
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
    pub(crate) fn push(&mut self, decision: &Decision, request: &Request<'_>) -> Result<(), Full> {
        if !self.has_room(decision) {
            return Err(Full);
        }
        self.rows += 1;
        let first = decision.reasons().first();
        for (column, word) in [
            (&mut self.verdict, Some(decision.verdict().name())),
            (&mut self.action, Some(decision.action().name())),
            (&mut self.stage, Some(decision.stage().name())),
            (&mut self.reason, first.map(|finding| finding.reason.slug())),
            (&mut self.subject, first.map(|finding| finding.place.subject.name())),
        ] {
            if let Some(column) = column {
                column.append_option(word);
            }
        }
        if let Some(provisional) = &mut self.provisional {
            provisional.append_value(decision.provisional());
        }
        if let Some(octets) = &mut self.octets {
            octets.append_option(first.and_then(|finding| finding.place.octets(request)));
        }
        for (column, findings) in
            [(&mut self.reasons, decision.reasons()), (&mut self.would_deny, decision.would_deny())]
        {
            let Some(column) = column else { continue };
            for &Finding { reason, place } in findings {
                column.push(reason.slug(), place, request);
            }
            column.end_row();
        }
        if let Some(grants) = &mut self.grants {
            for grant in decision.grants() {
                grants.push(grant.basis.name(), grant.place, request);
            }
            grants.end_row();
        }
        for (column, number) in
            [(&mut self.omitted, decision.omitted()), (&mut self.omitted_grants, decision.omitted_grants())]
        {
            if let Some(column) = column {
                column.append_value(number.into());
            }
        }
        Ok(())
    }

    /// Returns the columns, in the order of [`Decisions::fields`].
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, Wrong> {
        fn done(column: Option<impl ArrayBuilder>) -> Option<ArrayRef> {
            column.map(|mut column| column.finish())
        }
        let places = |column: Option<Places>| column.map(Places::finish).transpose();
        let columns = [
            done(self.verdict),
            done(self.action),
            done(self.stage),
            done(self.provisional),
            done(self.reason),
            done(self.subject),
            done(self.octets),
            places(self.reasons)?,
            places(self.would_deny)?,
            done(self.omitted),
            places(self.grants)?,
            done(self.omitted_grants),
        ];
        Ok(columns.into_iter().flatten().collect())
    }

    /// Whether the offsets of every column have 31 bits after one more row: no word has more than 32 octets, so that their
    /// number decides, and the octets of places do.
    fn has_room(&self, decision: &Decision) -> bool {
        if self.rows >= MOST_ENTRIES {
            return false;
        }
        let places = [&self.reasons, &self.would_deny, &self.grants];
        if self.octets.is_none() && places.iter().all(|column| column.is_none()) {
            return true;
        }
        let most = |size: fn(&Places) -> usize| places.into_iter().flatten().map(size).max().unwrap_or(0);
        if most(Places::len) + MAX_FINDINGS.max(MAX_GRANTS) > MOST_ENTRIES {
            return false;
        }
        let findings = decision.reasons().iter().chain(decision.would_deny()).map(|finding| finding.place);
        let places = findings.chain(decision.grants().iter().map(|grant| grant.place));
        let more: usize = places.map(|place| place.span.end.saturating_sub(place.span.start) as usize).sum();
        let first = self.octets.as_ref().map_or(0, |octets| octets.values_slice().len());
        let octets = most(Places::octets).max(first);
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
