use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};

/// What is scored, in the order in which it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Score {
    /// Rows that must not be allowed.
    Safety,
    /// Rows whose syntax is RFC 5322.
    Wrong,
    /// Rows that must be refused.
    Refusal,
    /// Rows whose mailboxes are to be read.
    Utility,
    /// The same, for an account that owns them.
    Authorised,
    /// RFC 5321 address or none.
    Isemail5321,
    /// RFC 5322 address or none.
    Isemail5322,
    /// Reverse-paths.
    Path,
    /// Domains under UTS 46.
    Domain,
    /// Registrable domains.
    Psl,
    /// Addresses, networks and ranges.
    Ip,
    /// Other validators' opinion of addresses.
    AddrSpec,
    /// Host names.
    Hostname,
    /// Alignment of domains.
    Alignment,
}

impl Score {
    /// The scores of the last line; the others stand in the line of their corpus only.
    pub(super) const TOTAL: [Self; 11] = [
        Self::Safety,
        Self::Wrong,
        Self::Refusal,
        Self::Utility,
        Self::Authorised,
        Self::Isemail5321,
        Self::Isemail5322,
        Self::Path,
        Self::Domain,
        Self::Psl,
        Self::Ip,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Wrong => "wrong",
            Self::Refusal => "refusal",
            Self::Utility => "utility",
            Self::Authorised => "authorised",
            Self::Isemail5321 => "isemail5321",
            Self::Isemail5322 => "isemail5322",
            Self::Path => "path",
            Self::Domain => "domain",
            Self::Psl => "psl",
            Self::Ip => "ip",
            Self::AddrSpec => "addr_spec",
            Self::Hostname => "hostname",
            Self::Alignment => "alignment",
        }
    }

    /// Whether a miss is something let through, which nothing excuses.
    const fn is_about_refusing(self) -> bool {
        matches!(self, Self::Safety | Self::Refusal)
    }

    /// Whether the number of misses is told, which must be none.
    const fn counts_misses(self) -> bool {
        matches!(self, Self::Safety | Self::Wrong)
    }
}

/// What came of one row in one score.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Exact,
    /// Not what the corpus says, and why.
    Miss(String),
    /// Not counted, and why.
    LeftOut(String),
}

impl Outcome {
    pub(super) fn exact_if(exact: bool, otherwise: impl FnOnce() -> String) -> Self {
        if exact { Self::Exact } else { Self::Miss(otherwise()) }
    }
}

/// A row that is not exact, or not counted.
pub(super) struct Remark {
    pub(super) score: Score,
    pub(super) id: String,
    pub(super) text: String,
    pub(super) counted: bool,
}

/// How many rows of a score there are, and how many of them are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) exact: u64,
    pub(super) rows: u64,
}

/// The scores of one corpus, or of all.
#[derive(Default)]
pub(super) struct Tally {
    counts: BTreeMap<Score, Count>,
    pub(super) remarks: Vec<Remark>,
    /// For each reason, how many rows it kept from being authorised.
    pub(super) reasons: BTreeMap<&'static str, u64>,
    /// Rows of a kind that is not scored.
    pub(super) unscored: u64,
    /// Rows of the list of overruled ones that are as their source has them.
    pub(super) needless: Vec<String>,
    overruled: Option<&'static str>,
    missed: bool,
}

impl Tally {
    /// Begins a row, with the reason why a miss of it does not count.
    pub(super) fn begin(&mut self, overruled: Option<&'static str>) {
        (self.overruled, self.missed) = (overruled, false);
    }

    /// Ends the row.
    pub(super) fn end(&mut self, id: &str) {
        if self.overruled.is_some() && !self.missed {
            self.needless.push(id.to_owned());
        }
    }

    /// Counts why a row is not authorised, unless its source is overruled.
    pub(super) fn refused(&mut self, reason: &'static str) {
        if self.overruled.is_none() {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    pub(super) fn enter(&mut self, score: Score, id: &str, outcome: Outcome) {
        let (text, counted) = match (outcome, self.overruled) {
            (Outcome::Exact, _) => {
                let count = self.counts.entry(score).or_default();
                count.exact += 1;
                count.rows += 1;
                return;
            }
            (Outcome::Miss(text), Some(reason)) if !score.is_about_refusing() => {
                self.missed = true;
                (format!("{reason}: {text}"), false)
            }
            (Outcome::Miss(text), _) => {
                self.counts.entry(score).or_default().rows += 1;
                (text, true)
            }
            (Outcome::LeftOut(text), _) => (text, false),
        };
        self.remarks.push(Remark { score, id: id.to_owned(), text, counted });
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (&score, count) in &other.counts {
            let sum = self.counts.entry(score).or_default();
            sum.exact += count.exact;
            sum.rows += count.rows;
        }
        for (&reason, count) in &other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        self.unscored += other.unscored;
        self.needless.extend_from_slice(&other.needless);
    }

    pub(super) fn count(&self, score: Score) -> Count {
        self.counts.get(&score).copied().unwrap_or_default()
    }

    /// Whether nothing was let through and nothing read as something else.
    pub(super) fn is_sound(&self) -> bool {
        [Score::Safety, Score::Wrong].iter().all(|&score| {
            let count = self.count(score);
            count.exact == count.rows
        })
    }

    /// Writes `safety=N wrong=N refusal=N/M …`.
    pub(super) fn line(&self) -> String {
        self.scores_line(Score::TOTAL)
    }

    /// Writes the scores that have rows.
    pub(super) fn corpus_line(&self) -> String {
        let mut line = self.scores_line(self.counts.keys().copied());
        let left_out = self.remarks.iter().filter(|remark| !remark.counted && remark.score != Score::Authorised);
        let left_out = left_out.map(|remark| &remark.id).collect::<BTreeSet<_>>().len() as u64;
        for (name, count) in [("left out", left_out), ("not scored", self.unscored)] {
            if count > 0 {
                let _infallible = write!(line, " ({count} {name})");
            }
        }
        line
    }

    pub(super) fn json(&self) -> Value {
        let mut scores = Map::new();
        for (score, count) in &self.counts {
            let value = if score.counts_misses() {
                json!(count.rows - count.exact)
            } else {
                json!({ "exact": count.exact, "rows": count.rows })
            };
            scores.insert(score.name().to_owned(), value);
        }
        Value::Object(scores)
    }

    fn scores_line(&self, scores: impl IntoIterator<Item = Score>) -> String {
        let text = |score: Score| {
            let count = self.count(score);
            if score.counts_misses() {
                format!("{}={}", score.name(), count.rows - count.exact)
            } else {
                format!("{}={}/{}", score.name(), count.exact, count.rows)
            }
        };
        scores.into_iter().map(text).collect::<Vec<_>>().join(" ")
    }
}
