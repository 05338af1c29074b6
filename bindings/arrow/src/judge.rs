//! Deciding batches of requests.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Fields, Schema, SchemaRef};
use sendas::{Request, Snapshot, Stage};

use crate::columns::{Columns, Problems, answers};
use crate::decisions::{Decisions, Full};
use crate::reading::Reading;
use crate::rows::{Room, Rows};
use crate::wrong::{Wrong, guarded};

/// What the answer is to hold.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the packages' own options, which they fill in")]
pub struct Asked {
    /// The columns of the requests that stand before the decisions.
    pub keep: Vec<String>,
    /// The columns of the decisions; all of them where nothing is said.
    pub columns: Option<Vec<String>>,
}

/// Decides the rows of batches that have the same columns.
pub struct Judge {
    snapshot: Snapshot,
    columns: Columns,
    /// The columns of the decisions.
    answers: Fields,
    /// That of the decisions, behind the columns that are kept.
    schema: SchemaRef,
}

impl Judge {
    /// Finds out which column is which fact of a request.
    ///
    /// # Errors
    ///
    /// Every problem of the columns, and of what was asked for.
    pub fn new(snapshot: &Snapshot, fields: &Fields, asked: &Asked) -> Result<Self, Problems> {
        let answers = match &asked.columns {
            Some(names) => answers(names, &Decisions::fields())?,
            None => Decisions::fields(),
        };
        let columns = Columns::of(fields, &asked.keep, &answers)?;
        let kept = columns.kept.iter().filter_map(|&index| fields.get(index).cloned());
        let all: Fields = kept.chain(answers.iter().cloned()).collect();
        let metadata = [("sendas.snapshot_id".to_owned(), snapshot.id().to_string())].into();
        let schema = Arc::new(Schema::new_with_metadata(all, metadata));
        Ok(Self { snapshot: snapshot.clone(), columns, answers, schema })
    }

    /// Returns the schema of the answer.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Decides a batch, and lets the host do something else from time to time.
    ///
    /// # Errors
    ///
    /// What the host returns, which ends the work; within it, what is wrong with the batch.
    pub fn whole<E>(
        &self,
        batch: &StructArray,
        mut between: impl FnMut() -> Result<(), E>,
    ) -> Result<Result<RecordBatch, Wrong>, E> {
        let mut decisions = Decisions::with_capacity(batch.len(), &self.answers);
        for start in (0..batch.len()).step_by(MOST_ROWS) {
            let part = batch.slice(start, MOST_ROWS.min(batch.len() - start));
            match guarded(UNDECIDED, || self.decide(&part, start as u64, &mut decisions)) {
                Ok(taken) if taken < part.len() => {
                    return Ok(Err(Wrong::new(
                        "the decisions do not fit into one batch; hand the requests over as a stream, or in smaller batches",
                    )));
                }
                Ok(_) => between()?,
                Err(wrong) => return Ok(Err(wrong)),
            }
        }
        Ok(guarded(UNFINISHED, || self.finish(batch, decisions)))
    }

    /// Decides rows until the decisions are full, and returns of how many; `before` counts the rows before them.
    fn decide(&self, part: &StructArray, before: u64, decisions: &mut Decisions) -> Result<usize, Wrong> {
        for start in (0..part.len()).step_by(AT_ONCE) {
            let some = part.slice(start, AT_ONCE.min(part.len() - start));
            let rows = Rows::bind(&self.columns, &some)?;
            let mut room = Room::new();
            for first in (0..some.len()).step_by(TOGETHER) {
                let last = some.len().min(first + TOGETHER);
                let Reading { requests, wrong, .. } = rows.read(first..last, &mut room);
                // What stands before the wrong row may end the batch, whose decisions then come before the error.
                let taken = self.decide_together(&requests, decisions);
                if taken < requests.len() {
                    return Ok(start + first + taken);
                }
                if let Some(wrong) = wrong {
                    return Err(wrong.in_row(before + (start + first + taken) as u64));
                }
            }
        }
        Ok(part.len())
    }

    /// Decides requests until the decisions are full, and returns how many.
    fn decide_together(&self, requests: &[(Request<'_>, Stage)], decisions: &mut Decisions) -> usize {
        let mut left = requests.iter();
        let mut taken = 0;
        let lent = requests.iter().map(|(request, stage)| (request, *stage));
        self.snapshot.evaluate_many(lent, |decision| {
            let Some((request, _)) = left.next() else { return };
            match decisions.push(decision, request) {
                Ok(()) => taken += 1,
                // None of those behind it is wanted.
                Err(Full) => left = [].iter(),
            }
        });
        taken
    }

    /// Returns the decisions behind the columns that are kept of the same rows.
    fn finish(&self, rows: &StructArray, decisions: Decisions) -> Result<RecordBatch, Wrong> {
        let kept = self.columns.kept.iter().filter_map(|&index| rows.columns().get(index).cloned());
        let columns: Vec<ArrayRef> = kept.chain(decisions.finish()?).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// The decisions on a stream of requests, made when they are asked for.
pub struct Decided<B> {
    judge: Judge,
    batches: B,
    /// What is left of the latest batch.
    at_hand: Option<StructArray>,
    /// How many rows were decided.
    before: u64,
    ended: bool,
}

impl<B: Iterator<Item = Result<StructArray, Wrong>>> Decided<B> {
    /// Begins to decide batches, of which none is read yet; each has the columns that the judge was made for, and at
    /// least one row.
    pub const fn new(judge: Judge, batches: B) -> Self {
        Self { judge, batches, at_hand: None, before: 0, ended: false }
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, Wrong> {
        let Self { judge, batches, at_hand, before, .. } = self;
        let batch = match at_hand.take() {
            Some(batch) => batch,
            None => match batches.next().transpose()? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let part = batch.slice(0, MOST_ROWS.min(batch.len()));
        let mut decisions = Decisions::with_capacity(part.len(), &judge.answers);
        let taken = judge.decide(&part, *before, &mut decisions)?;
        if taken == 0 {
            return Err(Wrong::new("the decision is larger than a batch can be").in_row(*before));
        }
        if taken < batch.len() {
            *at_hand = Some(batch.slice(taken, batch.len() - taken));
        }
        *before += taken as u64;
        judge.finish(&part.slice(0, taken), decisions).map(Some)
    }

    /// Returns the next decisions, or `None` behind the last, which an error is too.
    ///
    /// # Errors
    ///
    /// What is wrong with the batches, or with a row.
    pub fn advance(&mut self) -> Result<Option<RecordBatch>, Wrong> {
        if self.ended {
            return Ok(None);
        }
        let stepped = guarded(UNDECIDED, || self.step());
        self.ended = !matches!(stepped, Ok(Some(_)));
        stepped
    }
}

impl<B: Iterator<Item = Result<StructArray, Wrong>>> Iterator for Decided<B> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map_err(ArrowError::from).transpose()
    }
}

impl<B: Iterator<Item = Result<StructArray, Wrong>>> RecordBatchReader for Decided<B> {
    fn schema(&self) -> SchemaRef {
        self.judge.schema.clone()
    }
}

/// As many rows are decided before somebody else has a turn, which is some ten milliseconds.
const MOST_ROWS: usize = 1 << 14;
/// As many rows are made ready to be read at once, so that what is copied for it stays near.
const AT_ONCE: usize = 1 << 10;
/// As many requests are read before the first of them is decided: a few times what core takes together, and few enough
/// to stay near.
const TOGETHER: usize = 1 << 6;

const UNDECIDED: &str = "the batch cannot be decided";
const UNFINISHED: &str = "the decisions cannot be put together";
