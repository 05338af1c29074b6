//! Requests that are read column by column.

use std::ops::Range;

use sendas::{Request, Stage};

use crate::columns::Fact;
use crate::lists::Lists;
use crate::texts::Texts;
use crate::wrong::Wrong;

/// The requests of some rows, and the stage of each, up to the first row that holds none.
///
/// A column is read for all of them before the next one: what kind of a column it is, where its octets stand and whether any row is
/// null is asked once, not in each row. Behind a row that is wrong nothing is read any more, so that the first one stands in the end.
pub(crate) struct Reading<'r> {
    /// The number of the first row.
    first: usize,
    pub(crate) requests: Vec<(Request<'r>, Stage)>,
    /// What is wrong with the row behind them.
    pub(crate) wrong: Option<Wrong>,
}

impl<'r> Reading<'r> {
    /// Begins with what every request has.
    #[inline]
    pub(crate) fn begin(rows: Range<usize>, begin: impl Fn(usize) -> Result<Request<'r>, Wrong>) -> Self {
        let mut reading = Self { first: rows.start, requests: Vec::with_capacity(rows.len()), wrong: None };
        for row in rows {
            match begin(row) {
                Ok(request) => reading.requests.push((request, Stage::Message)),
                Err(wrong) => {
                    reading.wrong = Some(wrong);
                    break;
                }
            }
        }
        reading
    }

    /// The rows that hold requests so far.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.first..self.first + self.requests.len()
    }

    /// Reads something of each row.
    #[inline]
    pub(crate) fn each(&mut self, mut read: impl FnMut(usize, &mut Request<'r>) -> Result<(), Wrong>) {
        for (number, (request, _)) in self.requests.iter_mut().enumerate() {
            if let Err(wrong) = read(self.first + number, request) {
                return self.end(number, wrong);
            }
        }
    }

    /// Reads a column of texts, and enters those that are not null.
    #[inline]
    pub(crate) fn texts(
        &mut self,
        (texts, fact): (&'r Texts, Fact),
        enter: impl Fn(&mut (Request<'r>, Stage), &'r [u8]) -> Result<(), Wrong>,
    ) {
        if let Texts::Unknown = texts {
            return;
        }
        let mut read = 0;
        // What most libraries have: the rows of such a run end before one that is broken.
        if let Some(run) = texts.run(self.rows()) {
            for (request, octets) in self.requests.iter_mut().zip(run) {
                if let Err(wrong) = enter(request, octets) {
                    return self.end(read, wrong);
                }
                read += 1;
            }
        }
        for (number, request) in self.requests.iter_mut().enumerate().skip(read) {
            let octets = texts.get(self.first + number, fact.name());
            if let Err(wrong) = octets.and_then(|octets| octets.map_or(Ok(()), |octets| enter(request, octets))) {
                return self.end(number, wrong);
            }
        }
    }

    /// Reads a column of lists, and enters those that are not null.
    #[inline]
    pub(crate) fn lists<T>(
        &mut self,
        (lists, fact): (&Lists, Fact),
        elements: Elements<'r, T>,
        element: impl Fn(usize) -> Result<T, Wrong>,
        enter: impl Fn(&mut Request<'r>, &'r [T]) -> Result<(), Wrong>,
    ) {
        let mut left = match elements {
            Elements::Read(elements) => elements,
            Elements::Unread(room) => {
                room.clear();
                for row in self.rows() {
                    let mut list = lists.get(row).into_iter().flatten();
                    if let Err(wrong) = list.try_for_each(|number| element(number).map(|element| room.push(element))) {
                        self.end(row - self.first, wrong);
                        break;
                    }
                }
                room
            }
        };
        self.each(|row, request| {
            let Some(list) = lists.get(row) else { return Ok(()) };
            let (list, behind) = left.split_at_checked(list.len()).ok_or_else(|| Wrong::broken(fact.name()))?;
            left = behind;
            enter(request, list)
        });
    }

    /// Leaves out the request with this number, since its row is wrong, and those behind it.
    #[cold]
    fn end(&mut self, number: usize, wrong: Wrong) {
        self.requests.truncate(number);
        self.wrong = Some(wrong);
    }
}

/// The elements of all lists of some rows that are not null, behind each other.
pub(crate) enum Elements<'r, T> {
    /// They were read.
    Read(&'r [T]),
    /// Each is to be read into this room.
    Unread(&'r mut Vec<T>),
}
