//! Many requests at once, in the form in which `index.js` puts them together.
//!
//! A script reads members and joins strings many times faster than this package can ask for them one by one. So all texts come in
//! one string, and in one array all numbers: of each request its instant, then the lengths of its texts and of its header.

use std::ops::Range;
use std::slice;

use napi::bindgen_prelude::{Float64ArraySlice, Result, Uint32Array, Unknown};
use napi_derive::napi;
use sendas::{
    Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Timestamp, Tls,
};

use crate::given::whole;
use crate::snapshot::{Snapshot, summary};
use crate::text;
use crate::words::Word;

#[napi]
impl Snapshot {
    /// As [`Snapshot::evaluate`] for each of many requests, and of the decisions only their summaries; null where one of the
    /// requests is to be refused.
    #[napi(configurable = true, skip_typescript)]
    pub fn summaries(&self, numbers: Float64ArraySlice<'_>, texts: Unknown<'_>) -> Result<Option<Uint32Array>> {
        let units = text::units(texts)?;
        let Ok(joined) = Joined::read(&numbers, &units) else { return Ok(None) };
        let mut summaries = Vec::with_capacity(joined.drafts.len());
        let fields: Vec<_> =
            joined.fields.iter().map(|[name, body]| (joined.octets(name), joined.octets(body))).collect();
        let requests = joined.drafts.iter().map(|draft| (draft.request(&joined, &fields), draft.stage));
        self.snapshot.evaluate_many(requests, |decision| summaries.push(summary(decision)));
        Ok(Some(Uint32Array::new(summaries)))
    }
}

/// Requests whose texts stand in one run of octets.
struct Joined {
    octets: Vec<u8>,
    /// The header fields of all requests.
    fields: Vec<[Range<usize>; 2]>,
    drafts: Vec<Draft>,
}

/// A request, by where its texts stand.
struct Draft {
    now: Timestamp,
    channel: Channel,
    account: Option<Range<usize>>,
    role: Option<Range<usize>>,
    client_ip: Option<Range<usize>>,
    credential: Option<(CredentialKind, Option<Range<usize>>)>,
    tls: Option<Tls>,
    smtputf8: bool,
    envelope_sender: Option<Range<usize>>,
    stage: Stage,
    header: Option<Range<usize>>,
}

impl Joined {
    fn read(numbers: &[f64], units: &[u16]) -> std::result::Result<Self, Unfit> {
        let mut reader = Reader::new(numbers, units);
        let (mut fields, mut drafts) = (Vec::new(), Vec::new());
        while !reader.numbers.as_slice().is_empty() {
            drafts.push(reader.draft(&mut fields)?);
        }
        if reader.at == units.len() { Ok(Self { octets: reader.octets, fields, drafts }) } else { Err(Unfit) }
    }

    fn octets(&self, range: &Range<usize>) -> &[u8] {
        self.octets.get(range.clone()).unwrap_or_default()
    }
}

impl Draft {
    fn request<'j>(&self, joined: &'j Joined, fields: &'j [(&'j [u8], &'j [u8])]) -> Request<'j> {
        let octets = |range: &Option<Range<usize>>| range.as_ref().map(|range| joined.octets(range));
        let mut request = Request::new(self.channel, self.now);
        request.account = octets(&self.account);
        request.role = octets(&self.role);
        request.client_ip = octets(&self.client_ip).map_or(ClientIp::Unknown, ClientIp::Text);
        request.credential = self.credential.as_ref().map(|(kind, id)| {
            let mut facts = CredentialFacts::new(*kind);
            facts.id = octets(id);
            facts
        });
        request.tls = self.tls;
        request.smtputf8 = self.smtputf8;
        request.envelope_sender = octets(&self.envelope_sender).map_or(EnvelopeSender::Unknown, EnvelopeSender::Path);
        let header = self.header.clone().map(|range| fields.get(range).unwrap_or_default());
        request.header = header.map_or(Header::NotGiven, Header::Fields);
        request
    }
}

/// What was handed over is no list of requests, or one of them is to be refused.
struct Unfit;

struct Reader<'j> {
    numbers: slice::Iter<'j, f64>,
    units: &'j [u16],
    /// How many of them have been read.
    at: usize,
    /// Whether an octet stands for each of them.
    is_ascii: bool,
    /// The texts: all of them, or those that have been read.
    octets: Vec<u8>,
}

impl<'j> Reader<'j> {
    fn new(numbers: &'j [f64], units: &'j [u16]) -> Self {
        let is_ascii = units.iter().all(|unit| *unit < 0x80);
        let mut octets = Vec::with_capacity(units.len());
        if is_ascii {
            text::push_wtf8(units, &mut octets);
        }
        Self { numbers: numbers.iter(), units, at: 0, is_ascii, octets }
    }

    fn draft(&mut self, fields: &mut Vec<[Range<usize>; 2]>) -> std::result::Result<Draft, Unfit> {
        let now = Timestamp::from_seconds(self.integer()?).map_err(|_| Unfit)?;
        let channel = self.word()?.ok_or(Unfit)?;
        let (account, role, client_ip) = (self.text()?, self.text()?, self.text()?);
        let (kind, id) = (self.word()?, self.text()?);
        let (tls, smtputf8) = (self.word()?, self.integer()? != 0);
        let (envelope_sender, stage) = (self.text()?, self.word()?.unwrap_or(Stage::Message));
        let credential = match (kind, id) {
            (Some(kind), id) => Some((kind, id)),
            (None, None) => None,
            (None, Some(_)) => return Err(Unfit),
        };
        let header = match self.count()? {
            None => None,
            Some(count) => {
                let start = fields.len();
                for _ in 0..count {
                    fields.push([self.text()?.ok_or(Unfit)?, self.text()?.ok_or(Unfit)?]);
                }
                Some(start..fields.len())
            }
        };
        Ok(Draft { now, channel, account, role, client_ip, credential, tls, smtputf8, envelope_sender, stage, header })
    }

    fn integer(&mut self) -> std::result::Result<i64, Unfit> {
        self.numbers.next().copied().and_then(whole).ok_or(Unfit)
    }

    /// Reads how long something is; `None` where it is not known, which is -1.
    fn count(&mut self) -> std::result::Result<Option<usize>, Unfit> {
        match self.integer()? {
            -1 => Ok(None),
            count => usize::try_from(count).map(Some).map_err(|_| Unfit),
        }
    }

    fn text(&mut self) -> std::result::Result<Option<Range<usize>>, Unfit> {
        let Some(length) = self.count()? else { return Ok(None) };
        let end = self.at.checked_add(length).ok_or(Unfit)?;
        let units = self.units.get(self.at..end).ok_or(Unfit)?;
        let start = std::mem::replace(&mut self.at, end);
        if self.is_ascii {
            return Ok(Some(start..end));
        }
        let start = self.octets.len();
        text::push_wtf8(units, &mut self.octets);
        Ok(Some(start..self.octets.len()))
    }

    fn word<T: Word>(&mut self) -> std::result::Result<Option<T>, Unfit> {
        let Some(range) = self.text()? else { return Ok(None) };
        let given = self.octets.get(range).unwrap_or_default();
        T::ALL.iter().find(|value| value.word().as_bytes() == given).copied().map(Some).ok_or(Unfit)
    }
}
