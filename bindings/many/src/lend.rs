//! Requests lent to core, out of the run of octets in which their texts stand.

use sendas::{ClientIp, CredentialFacts, Decision, EnvelopeSender, Header, Request, Snapshot, Stage};

use crate::requests::{Requests, Row, Sender, UNKNOWN};

/// A header field's name and body.
type Field<'a> = (&'a [u8], &'a [u8]);

impl Requests {
    /// Decides all of them, and hands the decisions to `take`, in their order.
    pub fn decide(&self, snapshot: &Snapshot, take: impl FnMut(&Decision)) {
        self.with_all(|all| snapshot.evaluate_many(all, take));
    }

    /// Hands the request with this number to `take`; `None` where there is none.
    pub fn with_request<T>(&self, number: usize, take: impl FnOnce(&Request<'_>, Stage) -> T) -> Option<T> {
        let row = self.rows.get(number)?;
        let before = self.rows.get(..number)?;
        let skipped = |count: fn(&Row) -> u32| before.iter().map(|row| known(count(row))).sum::<usize>();
        let fields = self.fields.iter().skip(skipped(|row| row.fields));
        let scopes = self.scopes.iter().skip(skipped(|row| row.scopes));
        let mut lists = Lists::default();
        self.lend(row, &mut (fields, scopes), &mut lists);
        let request = self.request(row, &mut &lists.fields[..], &mut &lists.scopes[..]);
        Some(take(&request, row.stage))
    }

    /// Hands all of them to `take`, in their order.
    pub(crate) fn with_all<T>(&self, take: impl FnOnce(&mut dyn Iterator<Item = (Request<'_>, Stage)>) -> T) -> T {
        let mut lists =
            Lists { fields: Vec::with_capacity(self.fields.len()), scopes: Vec::with_capacity(self.scopes.len()) };
        let mut lengths = (self.fields.iter(), self.scopes.iter());
        for row in &self.rows {
            self.lend(row, &mut lengths, &mut lists);
        }
        let (mut fields, mut scopes) = (&lists.fields[..], &lists.scopes[..]);
        take(&mut self.rows.iter().map(|row| (self.request(row, &mut fields, &mut scopes), row.stage)))
    }

    /// Appends the fields and scopes of a request, whose lengths come next.
    fn lend<'a, 'l>(
        &'a self,
        row: &Row,
        (fields, scopes): &mut (impl Iterator<Item = &'l [u32; 2]>, impl Iterator<Item = &'l u32>),
        lists: &mut Lists<'a>,
    ) {
        let texts = row.texts.iter().map(|length| known(*length)).sum::<usize>();
        let mut octets = self.octets.get(row.start + texts..).unwrap_or_default();
        let fields = fields.take(known(row.fields));
        lists.fields.extend(fields.map(|[name, body]| (next(&mut octets, *name), next(&mut octets, *body))));
        lists.scopes.extend(scopes.take(known(row.scopes)).map(|scope| next(&mut octets, *scope)));
    }

    /// Makes a request, whose fields and scopes are the first of these, and takes them away.
    #[inline]
    fn request<'a>(&'a self, row: &Row, fields: &mut &'a [Field<'a>], scopes: &mut &'a [&'a [u8]]) -> Request<'a> {
        let mut octets = self.octets.get(row.start..).unwrap_or_default();
        let mut request = Request::new(row.channel, row.now);
        let [account, role, ip, id, path, block] =
            row.texts.map(|length| (length != UNKNOWN).then(|| next(&mut octets, length)));
        request.account = account;
        request.role = role;
        request.client_ip = match (row.address, ip) {
            (Some(address), _) => ClientIp::Address(address),
            (None, Some(text)) => ClientIp::Text(text),
            (None, None) => ClientIp::Unknown,
        };
        let presented = take(scopes, row.scopes);
        request.credential = row.credential.map(|kind| {
            let mut facts = CredentialFacts::new(kind);
            facts.id = id;
            facts.scopes = presented;
            facts
        });
        request.tls = row.tls;
        request.smtputf8 = row.smtputf8;
        request.envelope_sender = match (path, row.sender) {
            (_, Sender::Null) => EnvelopeSender::Null,
            (None, _) => EnvelopeSender::Unknown,
            (Some(path), Sender::Path) => EnvelopeSender::Path(path),
            (Some(sender), Sender::Unquoted) => EnvelopeSender::Unquoted(sender),
        };
        request.header = match (block, take(fields, row.fields)) {
            (Some(block), _) => Header::Block(block),
            (None, Some(fields)) => Header::Fields(fields),
            (None, None) => Header::NotGiven,
        };
        request
    }
}

/// The fields and scopes of requests, as core wants them.
#[derive(Default)]
struct Lists<'a> {
    fields: Vec<Field<'a>>,
    scopes: Vec<&'a [u8]>,
}

/// Takes so many octets from the front.
fn next<'a>(octets: &mut &'a [u8], length: u32) -> &'a [u8] {
    first(octets, known(length))
}

/// Takes so many elements from the front; `None` where none were given.
fn take<'a, T>(list: &mut &'a [T], count: u32) -> Option<&'a [T]> {
    (count != UNKNOWN).then(|| first(list, known(count)))
}

/// Takes so many from the front.
///
/// As many were kept. With fewer this goes no further: what is cut short would be decided as if it were whole.
fn first<'a, T>(all: &mut &'a [T], count: usize) -> &'a [T] {
    assert!(count <= all.len(), "a request that is kept has less than was given");
    let (first, rest) = all.split_at(count);
    *all = rest;
    first
}

/// The length of a text or list, which is none where it is not known.
fn known(length: u32) -> usize {
    if length == UNKNOWN { 0 } else { length as usize }
}
