//! Requests in the form in which `index.js` puts them together.
//!
//! A script reads members and joins strings many times faster than this package can ask for them one by one. So all texts come in
//! one string, and all numbers in one array. Those of each request are its instant, channel, the lengths of account, role and client
//! address, the credential's kind and the length of its id, the transport's state, whether there is SMTPUTF8, the length of the
//! envelope sender, the stage, and the number of header fields; then the lengths of name and body of each field. Words are told
//! by their places among all of their kind, from 1 on. What is not known is -1.

use std::ops::Range;
use std::slice;

use napi::Env;
use napi::bindgen_prelude::{Result, Unknown};
use sendas::{
    Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Timestamp, Tls,
};

use crate::given::whole;
use crate::request::STAGE;
use crate::text;
use crate::words::Word;

/// Why requests cannot be decided.
pub(crate) enum Unfit {
    /// A fact of one is to be refused.
    Value,
    /// What was handed over are no requests, or not as many.
    Form,
}

type Read<T> = std::result::Result<T, Unfit>;

/// Requests that were put together and have been read, all of them.
pub(crate) struct Joined {
    /// Their texts.
    octets: Vec<u8>,
    rows: Vec<Row>,
    /// Of the fields of all headers name and body.
    fields: Vec<[Text; 2]>,
}

/// Where a text stands among the octets, which have all of it.
type Text = Range<usize>;

struct Row {
    now: Timestamp,
    channel: Channel,
    account: Option<Text>,
    role: Option<Text>,
    client_ip: Option<Text>,
    kind: Option<CredentialKind>,
    id: Option<Text>,
    tls: Option<Tls>,
    smtputf8: bool,
    envelope_sender: Option<Text>,
    stage: Stage,
    /// How many fields the header has.
    fields: Option<usize>,
}

impl Joined {
    /// Lends all of them, in their order.
    pub(crate) fn with_all<T>(&self, take: impl FnOnce(&mut dyn Iterator<Item = (Request<'_>, Stage)>) -> T) -> T {
        let fields = self.fields.iter().map(|[name, body]| (self.text(name), self.text(body)));
        let fields: Vec<_> = fields.collect();
        let mut rest = &fields[..];
        take(&mut self.rows.iter().map(|row| (self.request(row, &mut rest), row.stage)))
    }

    /// Makes a request, whose fields are the first of these, and takes them away.
    fn request<'a>(&'a self, row: &Row, fields: &mut &'a [(&'a [u8], &'a [u8])]) -> Request<'a> {
        let text = |text: &Option<Text>| text.as_ref().map(|text| self.text(text));
        let mut request = Request::new(row.channel, row.now);
        request.account = text(&row.account);
        request.role = text(&row.role);
        request.client_ip = text(&row.client_ip).map_or(ClientIp::Unknown, ClientIp::Text);
        request.credential = row.kind.map(|kind| {
            let mut facts = CredentialFacts::new(kind);
            facts.id = text(&row.id);
            facts
        });
        request.tls = row.tls;
        request.smtputf8 = row.smtputf8;
        request.envelope_sender = text(&row.envelope_sender).map_or(EnvelopeSender::Unknown, EnvelopeSender::Path);
        request.header = row.fields.map_or(Header::NotGiven, |count| {
            let (all, rest) = fields.split_at(count);
            *fields = rest;
            Header::Fields(all)
        });
        request
    }

    #[expect(clippy::indexing_slicing, reason = "all of it is there; if it were not, nothing may be cut short")]
    fn text(&self, text: &Text) -> &[u8] {
        &self.octets[text.clone()]
    }
}

/// Reads requests out of the numbers and the texts, in the order of both.
pub(crate) struct Reader<'t> {
    numbers: slice::Iter<'t, f64>,
    /// The texts, unless an octet stands for each unit of them.
    units: Option<Vec<u16>>,
    /// The texts: all of them, or those that have been read.
    octets: Vec<u8>,
    /// How many units have been read.
    at: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(env: Env, numbers: &'t [f64], texts: Unknown<'_>) -> Result<Self> {
        let (units, octets) = match text::ascii(env, texts)? {
            Some(octets) => (None, octets),
            None => (Some(text::units(texts)?), Vec::new()),
        };
        Ok(Self { numbers: numbers.iter(), units, octets, at: 0 })
    }

    /// Reads so many requests, and that nothing is left behind them.
    pub(crate) fn requests(mut self, count: u32) -> Read<Joined> {
        let (mut rows, mut fields) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let row = self.row(&mut fields)?;
            rows.push(row);
        }
        let all = self.units.map_or(self.octets.len(), |units| units.len());
        let nothing_left = self.numbers.as_slice().is_empty() && self.at == all;
        if nothing_left { Ok(Joined { octets: self.octets, rows, fields }) } else { Err(Unfit::Form) }
    }

    /// Reads a request, and appends the fields of its header.
    fn row(&mut self, all: &mut Vec<[Text; 2]>) -> Read<Row> {
        let now = whole(self.number()?).and_then(|now| Timestamp::from_seconds(now).ok());
        let channel = self.word()?.ok_or(Unfit::Form)?;
        let (account, role, client_ip) = (self.text()?, self.text()?, self.text()?);
        let (kind, id, tls, smtputf8) = (self.word()?, self.text()?, self.word()?, self.flag()?);
        let (envelope_sender, stage, fields) = (self.text()?, self.word()?, self.count()?);
        for _ in 0..fields.unwrap_or(0) {
            all.push([self.text()?.ok_or(Unfit::Form)?, self.text()?.ok_or(Unfit::Form)?]);
        }
        if kind.is_none() && id.is_some() {
            // What is known of a credential must not be lost: it may be revoked.
            return Err(Unfit::Form);
        }
        let now = now.ok_or(Unfit::Value)?;
        let stage = stage.unwrap_or(STAGE);
        Ok(Row { now, channel, account, role, client_ip, kind, id, tls, smtputf8, envelope_sender, stage, fields })
    }

    fn number(&mut self) -> Read<f64> {
        self.numbers.next().copied().ok_or(Unfit::Form)
    }

    /// Reads how much there is of something, or which one it is; `None` where it is not known.
    fn count(&mut self) -> Read<Option<usize>> {
        match whole(self.number()?) {
            Some(-1) => Ok(None),
            count => count.and_then(|count| usize::try_from(count).ok()).map(Some).ok_or(Unfit::Form),
        }
    }

    fn flag(&mut self) -> Read<bool> {
        match self.count()? {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(Unfit::Form),
        }
    }

    fn text(&mut self) -> Read<Option<Text>> {
        let Some(length) = self.count()? else { return Ok(None) };
        let end = self.at.checked_add(length).ok_or(Unfit::Form)?;
        let read = std::mem::replace(&mut self.at, end)..end;
        let Some(units) = &self.units else {
            return if end <= self.octets.len() { Ok(Some(read)) } else { Err(Unfit::Form) };
        };
        let start = self.octets.len();
        text::push_wtf8(units.get(read).ok_or(Unfit::Form)?, &mut self.octets);
        Ok(Some(start..self.octets.len()))
    }

    fn word<T: Word>(&mut self) -> Read<Option<T>> {
        let Some(place) = self.count()? else { return Ok(None) };
        let word = place.checked_sub(1).and_then(|place| T::ALL.get(place));
        word.copied().map(Some).ok_or(Unfit::Form)
    }
}
