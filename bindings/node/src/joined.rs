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
use sendas::{ClientIp, CredentialFacts, EnvelopeSender, Header, Request, Timestamp};
use sendas_many::Requests;
use smallvec::SmallVec;

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
    pub(crate) fn requests(mut self, count: u32) -> Read<Requests> {
        let (mut requests, mut fields) = (Requests::new(), Vec::new());
        for _ in 0..count {
            fields.clear();
            self.request(&mut fields, &mut requests)?;
        }
        let all = self.units.map_or(self.octets.len(), |units| units.len());
        if self.numbers.as_slice().is_empty() && self.at == all { Ok(requests) } else { Err(Unfit::Form) }
    }

    /// Reads a request; `fields` is room for where its header's fields stand.
    fn request(&mut self, fields: &mut Vec<[Range<usize>; 2]>, requests: &mut Requests) -> Read<()> {
        let now = whole(self.number()?).and_then(|now| Timestamp::from_seconds(now).ok());
        let channel = self.word()?.ok_or(Unfit::Form)?;
        let (account, role, client_ip) = (self.text()?, self.text()?, self.text()?);
        let (kind, id, tls, smtputf8) = (self.word()?, self.text()?, self.word()?, self.flag()?);
        let (envelope_sender, stage, header) = (self.text()?, self.word()?, self.count()?);
        for _ in 0..header.unwrap_or(0) {
            fields.push([self.text()?.ok_or(Unfit::Form)?, self.text()?.ok_or(Unfit::Form)?]);
        }
        let octets = |range: &Range<usize>| self.octets.get(range.clone()).ok_or(Unfit::Form);
        let text = |range: Option<Range<usize>>| range.as_ref().map(octets).transpose();
        let fields = fields.iter().map(|[name, body]| Ok((octets(name)?, octets(body)?)));
        let fields = fields.collect::<Read<SmallVec<[_; FEW]>>>()?;
        let mut request = Request::new(channel, now.ok_or(Unfit::Value)?);
        request.account = text(account)?;
        request.role = text(role)?;
        request.client_ip = text(client_ip)?.map_or(ClientIp::Unknown, ClientIp::Text);
        request.credential = match (kind, text(id)?) {
            (Some(kind), id) => {
                let mut facts = CredentialFacts::new(kind);
                facts.id = id;
                Some(facts)
            }
            (None, None) => None,
            // What is known of a credential must not be lost: it may be revoked.
            (None, Some(_)) => return Err(Unfit::Form),
        };
        request.tls = tls;
        request.smtputf8 = smtputf8;
        request.envelope_sender = text(envelope_sender)?.map_or(EnvelopeSender::Unknown, EnvelopeSender::Path);
        request.header = header.map_or(Header::NotGiven, |_| Header::Fields(&fields));
        requests.push(&request, stage.unwrap_or(STAGE)).map_err(|_| Unfit::Value)
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

    fn text(&mut self) -> Read<Option<Range<usize>>> {
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

/// As many fields as most headers have, as far as they are handed over.
const FEW: usize = 8;
