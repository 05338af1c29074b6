//! A connection that is decided stage by stage, beside one decision for each of its messages.

use std::hint::black_box;

use sendas::{EnvelopeSender, Header, Snapshot, Verdict};

use crate::data::Attempt;
use crate::measure::{least, nanoseconds};

/// The time of connections as sessions, as a part of the time of their messages decided one by one.
#[must_use]
pub fn beside_whole(snapshot: &Snapshot, connections: &[[Attempt; 10]]) -> f64 {
    let time = |decide: fn(&Snapshot, &[Attempt; 10]) -> usize| {
        let all = || connections.iter().map(|messages| decide(snapshot, messages)).sum::<usize>();
        least(ROUNDS, || nanoseconds(all))
    };
    time(staged) / time(whole)
}

/// Decides every message of a connection in one call each, and counts those that are allowed.
#[must_use]
pub fn whole(snapshot: &Snapshot, messages: &[Attempt; 10]) -> usize {
    let allowed = |message: &&Attempt| {
        black_box(message).with_request(|request| snapshot.evaluate(request).verdict() == Verdict::Allow)
    };
    messages.iter().filter(allowed).count()
}

/// Opens a session, takes each message through MAIL FROM and its header, and counts those that are allowed.
#[must_use]
pub fn staged(snapshot: &Snapshot, messages: &[Attempt; 10]) -> usize {
    let [first, ..] = messages;
    let mut session = first.with_request(|request| {
        let mut client = *request;
        (client.envelope_sender, client.header) = (EnvelopeSender::Unknown, Header::NotGiven);
        snapshot.session(&client)
    });
    let allowed = |message: &&Attempt| {
        black_box(message).with_mail(|sender, header| {
            session.mail_from(snapshot, sender, false, message.now);
            session.message(header).verdict() == Verdict::Allow
        })
    };
    messages.iter().filter(allowed).count()
}

const ROUNDS: usize = 9;
