//! Mail logs of Postfix: the lines of `smtpd` and `qmgr` that say who handed a message over, and its envelope sender.
//!
//! ```text
//! Dec  1 09:30:00 mx postfix/submission/smtpd[17]: 4F1A2B3C5D: client=host.example[192.0.2.1], sasl_method=PLAIN, sasl_username=alice
//! Dec  1 09:30:00 mx postfix/qmgr[9]: 4F1A2B3C5D: from=<news@acme.example>, size=1234, nrcpt=1 (queue active)
//! ```
//!
//! A line is one of syslog: `timestamp host program[pid]: text`, with a timestamp of RFC 3164 §4.1.2 or RFC 3339 §5.6.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::policy::named::named;
use crate::record::{EnvelopeRecord, RequestRecord};
use crate::request::Channel;
use crate::time::Timestamp;

use super::output::Output;

/// Makes records of requests from the lines of a mail log, which are given in their order.
///
/// A log tells the account (`sasl_username`), the client's address and the envelope sender. It holds no header, no credential and no
/// transport encryption, and what it does not hold is unknown in the records. Messages may be interleaved; of a log that is cut off,
/// those that do not begin or end in it are counted.
///
/// ```
/// use sendas::postfix_log::{Line, LogReader, Timestamps};
/// let mut log = LogReader::new(Timestamps { year: Some(2026), offset: 3600 }, 10_000);
/// let client = b"Dec  1 09:30:00 mx postfix/smtpd[17]: 4F1A2B3C5D: client=a.example[192.0.2.1], sasl_method=PLAIN, sasl_username=alice";
/// assert_eq!(log.push(client), Line::Taken);
/// let sender = b"Dec  1 09:30:01 mx postfix/qmgr[9]: 4F1A2B3C5D: from=<news@acme.example>, size=1234, nrcpt=1 (queue active)";
/// let Line::Message(record) = log.push(sender) else { unreachable!() };
/// assert_eq!(record.to_json(), r#"{"now":"2026-12-01T08:30:01Z","channel":"smtp","account":"alice","client_ip":"192.0.2.1","smtputf8":false,"envelope":{"unquoted":"news@acme.example"}}"#);
/// ```
#[derive(Clone, Debug)]
pub struct LogReader {
    timestamps: Timestamps,
    /// The month of the last traditional timestamp, 1 to 12.
    month: Option<u8>,
    most: usize,
    /// Messages that were handed over, by their queue id, with the number of the one that it was.
    open: BTreeMap<Vec<u8>, (u64, Submission)>,
    /// Their queue ids in the order in which they were handed over.
    order: BTreeMap<u64, Vec<u8>>,
    next: u64,
    counts: Counts,
}

/// What timestamps of RFC 3164 leave out; those of RFC 3339 tell it themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Timestamps {
    /// The year of the first such timestamp; later ones are taken to be less than six months away from the one before.
    pub year: Option<i32>,
    /// How many seconds the clock of the log is ahead of UTC.
    pub offset: i32,
}

/// What a line came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a line completes a message, helps to, says something else, or is not understood"
)]
#[expect(clippy::large_enum_variant, reason = "one at a time")]
pub enum Line {
    /// It completes a message.
    Message(RequestRecord),
    /// It says something of a message that is not complete yet, or ends one.
    Taken,
    /// It is of another program, or says nothing that is asked for.
    Other,
    /// It is not understood.
    NotUnderstood(Fault),
}

/// Why a line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the parts of a line")]
pub enum Fault {
    /// The line is no line of syslog.
    Syntax,
    /// There is no such date.
    Date,
    /// The timestamp has no year, and none was given.
    Year,
    /// The line begins as one of `smtpd` or `qmgr` that is asked for, and goes on otherwise.
    Text,
}

named! { Fault, 4, "syntax": Syntax = "syntax", Date = "date", Year = "year", Text = "text" }

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Syntax => "no line of syslog; right would be `Dec  1 09:30:00 host program[pid]: text`",
            Self::Date => "no date of the calendar",
            Self::Year => "a timestamp without a year; the year of the first one must be given",
            Self::Text => "cut off, or in a form that is not known",
        })
    }
}

/// What became of the lines of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Messages of which a record was made.
    pub messages: u64,
    /// Lines of other programs, and those that say nothing that is asked for.
    pub other: u64,
    /// Lines that are not understood.
    pub not_understood: u64,
    /// Times that a message was queued without having been handed over since: local ones, those that the log does not begin with, and
    /// those that are tried again.
    pub not_submitted: u64,
    /// Messages that were handed over and not queued in this log: refused ones, or those that it does not end with.
    pub not_queued: u64,
}

impl Counts {
    /// Writes the counts as JSON on one line, without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                for (name, count) in [
                    ("messages", self.messages),
                    ("other", self.other),
                    ("not_understood", self.not_understood),
                    ("not_submitted", self.not_submitted),
                    ("not_queued", self.not_queued),
                ] {
                    output.key(name).raw(&count.to_string());
                }
            });
        })
    }
}

/// Who handed a message over.
#[derive(Clone, Debug, Default)]
struct Submission {
    account: Option<Vec<u8>>,
    client: Option<Vec<u8>>,
}

impl LogReader {
    /// Creates a reader that keeps at most this many messages that were handed over and not queued yet.
    #[must_use]
    pub fn new(timestamps: Timestamps, most: usize) -> Self {
        let (open, order) = (BTreeMap::new(), BTreeMap::new());
        Self { timestamps, month: None, most, open, order, next: 0, counts: Counts::default() }
    }

    /// Takes the next line, with its line ending or without.
    pub fn push(&mut self, line: &[u8]) -> Line {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let read = self.read(line.strip_suffix(b"\r").unwrap_or(line));
        let read = read.unwrap_or_else(Line::NotUnderstood);
        match read {
            Line::Message(_) => self.counts.messages += 1,
            Line::Taken => {}
            Line::Other => self.counts.other += 1,
            Line::NotUnderstood(_) => self.counts.not_understood += 1,
        }
        read
    }

    /// What became of the lines so far; messages that are still to be queued count as not queued.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let open = u64::try_from(self.open.len()).unwrap_or(u64::MAX);
        Counts { not_queued: self.counts.not_queued.saturating_add(open), ..self.counts }
    }

    fn read(&mut self, line: &[u8]) -> Result<Line, Fault> {
        let (now, rest) = self.timestamp(line)?;
        let (_host, rest) = split(rest, b" ").ok_or(Fault::Syntax)?;
        // Programs without a process id, such as the kernel, are none of Postfix.
        let Some((program, text)) = split(rest, b"]: ") else { return Ok(Line::Other) };
        let Some((program, _)) = split(program, b"[") else { return Ok(Line::Other) };
        let service = program.rsplit(|&octet| octet == b'/').next().unwrap_or_default();
        let Some((id, text)) = split(text, b": ").filter(|(id, _)| is_queue_id(id)) else { return Ok(Line::Other) };
        match (service, text.strip_prefix(b"client="), text.strip_prefix(b"from=<")) {
            (b"smtpd", Some(text), _) => self.smtpd(id, text),
            (b"qmgr", _, Some(text)) => self.qmgr(id, text, now),
            (b"qmgr", ..) if text == b"removed" => {
                self.forget(id);
                Ok(Line::Taken)
            }
            _ => Ok(Line::Other),
        }
    }

    /// `host[192.0.2.1], sasl_method=PLAIN, sasl_username=alice`
    fn smtpd(&mut self, id: &[u8], text: &[u8]) -> Result<Line, Fault> {
        let (client, rest) = split(text, b", ").unwrap_or((text, b""));
        let (_, address) = split(client, b"[").ok_or(Fault::Text)?;
        let (address, _port) = split(address, b"]").ok_or(Fault::Text)?;
        let address = address.strip_prefix(b"IPv6:").unwrap_or(address);
        let account = match rest.strip_prefix(b"sasl_username=") {
            Some(name) => Some(name),
            None => split(rest, b", sasl_username=").map(|(_, name)| name),
        };
        // What may stand behind the name is `sasl_sender`, of a client that is trusted to name it.
        let account = account.map(|name| split(name, b", sasl_sender=").map_or(name, |(name, _)| name));
        self.forget(id);
        if self.open.len() >= self.most {
            self.forget_oldest();
        }
        if self.most > 0 {
            let client = (address != b"unknown").then(|| address.to_vec());
            let submission = Submission { account: account.map(<[u8]>::to_vec), client };
            self.open.insert(id.to_vec(), (self.next, submission));
            self.order.insert(self.next, id.to_vec());
            self.next += 1;
        } else {
            self.counts.not_queued += 1;
        }
        Ok(Line::Taken)
    }

    /// `news@acme.example>, size=1234, nrcpt=1 (queue active)`
    fn qmgr(&mut self, id: &[u8], text: &[u8], now: Timestamp) -> Result<Line, Fault> {
        // The last one, as an address may hold the same octets in quotes.
        let mut ends = text.windows(SIZE.len()).enumerate().filter(|(_, window)| *window == SIZE);
        let Some((end, _)) = ends.next_back() else {
            let is_status = text.windows(STATUS.len()).any(|window| window == STATUS);
            return if is_status { Ok(Line::Other) } else { Err(Fault::Text) };
        };
        let address = text.get(..end).unwrap_or_default();
        let Some((number, submission)) = self.open.remove(id) else {
            self.counts.not_submitted += 1;
            return Ok(Line::Taken);
        };
        self.order.remove(&number);
        let mut record = RequestRecord::new(Channel::Smtp, now);
        record.account = submission.account;
        record.client_ip = submission.client;
        record.smtputf8 = !address.is_ascii();
        record.envelope = match address.first() {
            None => EnvelopeRecord::Null,
            // Since Postfix 3.5 addresses are logged in their external form, which only this tells.
            Some(b'"') => EnvelopeRecord::Path(address.to_vec()),
            Some(_) => EnvelopeRecord::Unquoted(address.to_vec()),
        };
        Ok(Line::Message(record))
    }

    /// Forgets a message that was handed over and is not going to be queued.
    fn forget(&mut self, id: &[u8]) {
        if let Some((number, _)) = self.open.remove(id) {
            self.order.remove(&number);
            self.counts.not_queued += 1;
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_first() {
            self.open.remove(&id);
            self.counts.not_queued += 1;
        }
    }

    fn timestamp<'l>(&mut self, line: &'l [u8]) -> Result<(Timestamp, &'l [u8]), Fault> {
        if line.first().is_some_and(u8::is_ascii_digit) {
            let (instant, rest) = split(line, b" ").ok_or(Fault::Syntax)?;
            return Ok((rfc3339(instant)?, rest));
        }
        let (date, rest) = line.split_at_checked(16).ok_or(Fault::Syntax)?;
        Ok((self.rfc3164(date)?, rest))
    }

    /// `Dec  1 09:30:00 `
    fn rfc3164(&mut self, date: &[u8]) -> Result<Timestamp, Fault> {
        let [name @ .., b' ', tens, day, b' ', h1, h2, b':', m1, m2, b':', s1, s2, b' '] = date else {
            return Err(Fault::Syntax);
        };
        let month = MONTHS.iter().position(|month| month == &name).ok_or(Fault::Syntax)?;
        let digits = [tens, day, h1, h2, m1, m2, s1, s2];
        if !digits.iter().skip(1).all(|digit| digit.is_ascii_digit()) || !(*tens == b' ' || tens.is_ascii_digit()) {
            return Err(Fault::Syntax);
        }
        let mut year = self.timestamps.year.ok_or(Fault::Year)?;
        let month = u8::try_from(month + 1).unwrap_or(12);
        // From December to January the year goes on; lines around midnight may come in either order.
        match i16::from(month) - i16::from(self.month.unwrap_or(month)) {
            ..-5 => year += 1,
            6.. => year -= 1,
            _ => {}
        }
        let tens = if *tens == b' ' { b'0' } else { *tens };
        let text = |digits: &[u8]| digits.iter().map(|&digit| char::from(digit)).collect::<String>();
        let (day, time) = (text(&[tens, *day]), text(&[*h1, *h2, b':', *m1, *m2, b':', *s1, *s2]));
        let instant = Timestamp::parse(&alloc::format!("{year:04}-{month:02}-{day}T{time}Z")).ok_or(Fault::Date)?;
        (self.month, self.timestamps.year) = (Some(month), Some(year));
        let seconds = instant.0.saturating_sub(i64::from(self.timestamps.offset));
        Timestamp::from_seconds(seconds).map_err(|_| Fault::Date)
    }
}

/// Reads an instant whose seconds may have a fraction, which is cut off.
fn rfc3339(text: &[u8]) -> Result<Timestamp, Fault> {
    let text = core::str::from_utf8(text).map_err(|_| Fault::Syntax)?;
    let whole = match text.split_once('.') {
        None => Timestamp::parse(text),
        Some((seconds, rest)) => {
            let offset = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let fraction = rest.len() - offset.len();
            (1..=9).contains(&fraction).then(|| Timestamp::parse(&alloc::format!("{seconds}{offset}"))).flatten()
        }
    };
    whole.ok_or(Fault::Date)
}

/// Short queue ids are hexadecimal digits, long ones digits and letters.
fn is_queue_id(id: &[u8]) -> bool {
    (5..=32).contains(&id.len()) && id != b"NOQUEUE" && id.iter().all(u8::is_ascii_alphanumeric)
}

/// Splits at the first place where `at` stands.
fn split<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let found = text.windows(at.len()).position(|window| window == at)?;
    Some((text.get(..found)?, text.get(found + at.len()..)?))
}

const SIZE: &[u8] = b">, size=";
const STATUS: &[u8] = b">, status=";
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::*;

    fn log(year: Option<i32>) -> LogReader {
        LogReader::new(Timestamps { year, offset: 0 }, 3)
    }

    fn messages(log: &mut LogReader, lines: &[&str]) -> Vec<String> {
        lines
            .iter()
            .filter_map(|line| match log.push(line.as_bytes()) {
                Line::Message(record) => Some(record.to_json()),
                Line::Taken | Line::Other | Line::NotUnderstood(_) => None,
            })
            .collect()
    }

    fn smtpd(id: &str, rest: &str) -> String {
        format!("2026-12-01T09:30:00.123456+01:00 mx postfix/submission/smtpd[17]: {id}: client={rest}\n")
    }

    fn qmgr(id: &str, from: &str) -> String {
        format!("2026-12-01T09:30:01+01:00 mx postfix/qmgr[9]: {id}: from=<{from}>, size=1, nrcpt=1 (queue active)\r\n")
    }

    /// What a record of one message says, beside its instant and channel.
    fn one(client: &str, from: &str) -> String {
        let mut log = log(None);
        let found = messages(&mut log, &[&smtpd("3ZqVzT4Wf1z2Lk", client), &qmgr("3ZqVzT4Wf1z2Lk", from)]);
        let [record] = &found[..] else { return String::new() };
        record.replace(r#"{"now":"2026-12-01T08:30:01Z","channel":"smtp","#, "").replace(r#""smtputf8":false,"#, "")
    }

    #[test]
    fn what_a_message_says_is_taken_over() {
        for (client, from, record) in [
            (
                "a.example[192.0.2.1], sasl_method=PLAIN, sasl_username=alice",
                "a@b.example",
                r#""account":"alice","client_ip":"192.0.2.1","envelope":{"unquoted":"a@b.example"}}"#,
            ),
            (
                "a.example[2001:db8::1]:4711, sasl_method=LOGIN, sasl_username=a, b, sasl_sender=c",
                "",
                r#""account":"a, b","client_ip":"2001:db8::1","envelope":{"null":true}}"#,
            ),
            (
                "unknown[IPv6:2001:db8::1], sasl_username=a@b.example",
                "\"a b\"@c.example",
                r#""account":"a@b.example","client_ip":"2001:db8::1","envelope":{"path":"\"a b\"@c.example"}}"#,
            ),
            ("unknown[unknown]", "a b@c.example", r#""envelope":{"unquoted":"a b@c.example"}}"#),
            (
                "localhost[127.0.0.1]",
                "x>, size=1, nrcpt=1 (queue active)@c.example",
                r#""client_ip":"127.0.0.1","envelope":{"unquoted":"x>, size=1, nrcpt=1 (queue active)@c.example"}}"#,
            ),
        ] {
            assert_eq!(one(client, from), record, "{client} {from}");
        }
    }

    #[test]
    fn messages_are_told_apart_and_counted_once() {
        let mut log = log(None);
        let (a, b) = (
            smtpd("4F1A2B3C5D", "h[192.0.2.1], sasl_username=a"),
            smtpd("5F1A2B3C5D", "h[192.0.2.2], sasl_username=b"),
        );
        let lines = [
            &a,
            &b,
            &qmgr("5F1A2B3C5D", "b@b.example"),
            &qmgr("4F1A2B3C5D", "a@a.example"),
            &qmgr("4F1A2B3C5D", "a@a.example"),
        ];
        let found = messages(&mut log, &lines.map(String::as_str));
        assert_eq!(found.len(), 2);
        assert!(found[0].contains(r#""account":"b","client_ip":"192.0.2.2""#));
        let counts = log.counts();
        assert_eq!((counts.messages, counts.not_submitted, counts.not_queued), (2, 1, 0));
        // A queue id that is used again, one that is removed, and more than there is room for.
        let removed = "2026-12-01T09:30:01Z mx postfix/qmgr[9]: 5F1A2B3C5D: removed";
        assert!(messages(&mut log, &[&a, &a, &b, removed]).is_empty());
        assert_eq!(log.counts().not_queued, 3);
        for id in 0..9 {
            assert!(messages(&mut log, &[&smtpd(&format!("00000{id}"), "h[192.0.2.1], sasl_username=a")]).is_empty());
        }
        assert_eq!(log.counts().not_queued, 12);
        assert_eq!(messages(&mut log, &[&qmgr("000008", "")]).len(), 1);
        assert_eq!(messages(&mut log, &[&qmgr("000000", "")]).len(), 0);
    }

    #[test]
    fn years_go_on_from_december_to_january() {
        let mut log = log(Some(2026));
        let mut instants = Vec::new();
        for date in [
            "Dec 31 23:59:59",
            "Jan  1 00:00:00",
            "Dec 31 23:59:58",
            "Jan 01 00:00:01",
            "Jun  1 00:00:00",
            "Nov 30 00:00:00",
        ] {
            log.push(format!("{date} mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2.1]").as_bytes());
            if let Line::Message(record) = log
                .push(format!("{date} mx postfix/qmgr[1]: 4F1A2B: from=<>, size=1, nrcpt=1 (queue active)").as_bytes())
            {
                instants.push(record.now.to_string());
            }
        }
        let expected = [
            "2026-12-31T23:59:59Z",
            "2027-01-01T00:00:00Z",
            "2026-12-31T23:59:58Z",
            "2027-01-01T00:00:01Z",
            "2027-06-01T00:00:00Z",
            "2027-11-30T00:00:00Z",
        ];
        assert_eq!(instants, expected);
    }

    #[test]
    fn what_is_not_understood_says_why() {
        for (line, read) in [
            ("", Line::NotUnderstood(Fault::Syntax)),
            ("garbage", Line::NotUnderstood(Fault::Syntax)),
            ("Dec  1 09:30:00 mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2.1]", Line::NotUnderstood(Fault::Year)),
            ("2026-02-30T00:00:00Z mx postfix/smtpd[1]: x", Line::NotUnderstood(Fault::Date)),
            ("2026-12-01T00:00:00.Z mx postfix/smtpd[1]: x", Line::NotUnderstood(Fault::Date)),
            ("2026-12-01T00:00:00Z", Line::NotUnderstood(Fault::Syntax)),
            ("2026-12-01T00:00:00Z mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2", Line::NotUnderstood(Fault::Text)),
            ("2026-12-01T00:00:00Z mx postfix/qmgr[1]: 4F1A2B: from=<a@b.exam", Line::NotUnderstood(Fault::Text)),
            (
                "2026-12-01T00:00:00Z mx postfix/qmgr[1]: 4F1A2B: from=<a>, status=expired, returned to sender",
                Line::Other,
            ),
            ("2026-12-01T00:00:00Z mx postfix/smtpd[1]: NOQUEUE: client=h[192.0.2.1]", Line::Other),
            ("2026-12-01T00:00:00Z mx postfix/smtpd[1]: connect from h[192.0.2.1]", Line::Other),
            ("2026-12-01T00:00:00Z mx dovecot[1]: imap-login: Login: user=<a>", Line::Other),
            ("2026-12-01T00:00:00Z mx kernel: something", Line::Other),
            ("2026-12-01T00:00:00Z mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2.1]", Line::Taken),
        ] {
            assert_eq!(log(None).push(line.as_bytes()), read, "{line}");
        }
        assert_eq!(log(Some(2026)).push(b"Feb 29 09:30:00 mx postfix/smtpd[1]: x"), Line::NotUnderstood(Fault::Date));
        assert_eq!(log(Some(2026)).push(b"Foo 29 09:30:00 mx postfix/smtpd[1]: x"), Line::NotUnderstood(Fault::Syntax));
    }

    /// Nothing in a line makes the reader fail, and each is counted in one way.
    #[test]
    fn octets_of_all_kinds_are_lines() {
        let long = "x".repeat(10_000_000);
        let pieces: [&[u8]; 10] = [
            b"\0\xff\xfe",
            b"2026-12-01T00:00:00Z mx postfix/",
            b"smtpd[1]: 4F1A2B: client=",
            b"qmgr[1]: 4F1A2B: from=<",
            b"h[",
            b"], sasl_username=\xff\0",
            b">, size=",
            b"\r\r\n",
            b"Dec  1 09:30:00 ",
            long.as_bytes(),
        ];
        let mut log = log(Some(2026));
        let (mut lines, mut taken) = (0, 0);
        for first in pieces {
            for second in pieces.iter().take(9) {
                for third in pieces.iter().take(9) {
                    taken += u64::from(log.push(&[first, second, third].concat()) == Line::Taken);
                    lines += 1;
                }
            }
        }
        let counts = log.counts();
        assert_eq!(counts.messages + counts.other + counts.not_understood + taken, lines);
    }
}
