//! Requests of texts that stand one behind the other already.

use sendas::{Channel, CredentialKind, Stage, Timestamp, Tls};

use crate::requests::{Requests, Row, Sender, UNKNOWN};

/// Everything of a request but its texts, of which it says how many octets each has.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the package for Node makes them")]
pub struct Outline {
    /// As in a request.
    pub now: Timestamp,
    /// As in a request.
    pub channel: Channel,
    /// As in a request.
    pub credential: Option<CredentialKind>,
    /// As in a request.
    pub tls: Option<Tls>,
    /// As in a request.
    pub smtputf8: bool,
    /// The stage at which the request is to be decided.
    pub stage: Stage,
    /// Of account, role, client address, credential's id, and envelope sender.
    pub texts: [Option<u32>; 5],
}

/// Takes requests by their outlines, in the order of their texts.
pub struct Outlines {
    requests: Requests,
    /// Where the next text begins.
    at: usize,
}

impl Outlines {
    /// Takes all texts of so many requests, with so many fields.
    #[must_use]
    pub fn new(octets: Vec<u8>, requests: usize, fields: usize) -> Self {
        let (rows, fields) = (Vec::with_capacity(requests), Vec::with_capacity(fields));
        Self { requests: Requests { octets, rows, fields, scopes: Vec::new() }, at: 0 }
    }

    /// Takes the next request, with the lengths of name and body of each of its fields; `None` where fewer octets are left, and
    /// nothing is to be taken after that.
    pub fn push(&mut self, outline: &Outline, fields: Option<impl IntoIterator<Item = [u32; 2]>>) -> Option<()> {
        let start = self.at;
        for length in outline.texts.iter().flatten() {
            self.skip(*length)?;
        }
        let first = self.requests.fields.len();
        let given = fields.is_some();
        for field in fields.into_iter().flatten() {
            self.skip(field[0])?;
            self.skip(field[1])?;
            self.requests.fields.push(field);
        }
        let count = u32::try_from(self.requests.fields.len() - first).ok().filter(|count| *count != UNKNOWN)?;
        let [account, role, ip, id, sender] = outline.texts.map(|length| length.unwrap_or(UNKNOWN));
        self.requests.rows.push(Row {
            now: outline.now,
            start,
            texts: [account, role, ip, id, sender, UNKNOWN],
            fields: if given { count } else { UNKNOWN },
            scopes: UNKNOWN,
            channel: outline.channel,
            credential: outline.credential,
            tls: outline.tls,
            address: None,
            sender: Sender::Path,
            smtputf8: outline.smtputf8,
            stage: outline.stage,
        });
        Some(())
    }

    /// Returns the requests; `None` where octets are left that none of them has.
    #[must_use]
    pub fn finish(self) -> Option<Requests> {
        (self.at == self.requests.octets.len()).then_some(self.requests)
    }

    fn skip(&mut self, length: u32) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(length).ok()?)?;
        self.at = end;
        (length != UNKNOWN && end <= self.requests.octets.len()).then_some(())
    }
}
