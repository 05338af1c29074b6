//! A connection that is decided stage by stage, beside one decision for each of its messages.

use std::hint::black_box;

use sendas::{EnvelopeSender, Header, Snapshot, Verdict};

use crate::data::{Attempt, Given};
use crate::measure::{in_turn, nanoseconds};

/// The time of connections as sessions, as a part of the time of their messages decided one by one: of the medians over runs of
/// a few connections. Both decide the same ones, in turn, and neither has decided them just before.
#[must_use]
pub fn beside_whole(snapshot: &Snapshot, connections: &[[Attempt; 10]]) -> f64 {
    let (staged, whole) =
        in_turn(ROUNDS, connections, RUN, |run| time(snapshot, run, staged), |run| time(snapshot, run, whole));
    staged / whole
}

/// How long it takes to decide connections that were read before.
fn time(snapshot: &Snapshot, run: &[[Attempt; 10]], decide: fn(&Snapshot, &[Given<'_>; 10]) -> usize) -> f64 {
    black_box(run.iter().flatten().map(Attempt::octets).fold(0, u8::wrapping_add));
    let run: Vec<_> = run.iter().map(|messages| messages.each_ref().map(Attempt::given)).collect();
    nanoseconds(|| run.iter().map(|messages| decide(snapshot, messages)).sum::<usize>())
}

/// Decides every message of a connection in one call each, and counts those that are allowed.
#[must_use]
pub fn whole(snapshot: &Snapshot, messages: &[Given<'_>; 10]) -> usize {
    let allows = |message: &&Given<'_>| snapshot.evaluate(&black_box(*message).request()).verdict() == Verdict::Allow;
    messages.iter().filter(allows).count()
}

/// Opens a session, takes each message through MAIL FROM and its header, and counts those that are allowed.
#[must_use]
pub fn staged(snapshot: &Snapshot, messages: &[Given<'_>; 10]) -> usize {
    let [first, ..] = messages;
    let mut client = first.request();
    (client.envelope_sender, client.header) = (EnvelopeSender::Unknown, Header::NotGiven);
    let mut session = snapshot.session(&client);
    let allows = |message: &&Given<'_>| {
        let message = black_box(*message);
        session.mail_from(snapshot, message.sender(), false, message.now);
        session.message(message.fields()).verdict() == Verdict::Allow
    };
    messages.iter().filter(allows).count()
}

/// The connections that are timed as one: as many messages as a run has that is decided one by one.
const RUN: usize = 5;
const ROUNDS: usize = 10;
