//! Many requests at once: the memory of several is on its way at the same time.
//!
//! In a large snapshot a decision waits for memory, one place after the other. Of a window of requests, each step that asks for
//! some is taken for all before the next one; then each is decided. No answer depends on it.

use core::array;

use crate::decision::{Decision, Stage};
use crate::ledger::Ledger;
use crate::observer::Blind;
use crate::reason::Reason;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::snapshot::approach::Approach;
use crate::snapshot::layout::{Damaged, Read};
use crate::time::Clock;

use super::memory::Forgetful;
use super::{Said, conclude, envelope, header};

impl Snapshot {
    /// Decides many requests, each as far as it is known at its stage, and calls `answer` with each decision, in the order of
    /// the requests: the one that [`Snapshot::evaluate_stage`] gives.
    ///
    /// Nothing is allocated on ASCII input. Requests are taken from the iterator 16 at a time, so that what each needs of a
    /// snapshot that is larger than a processor keeps close is on its way while others are read.
    ///
    /// ```
    /// use sendas::policy::{Account, Policy, Tenant};
    /// use sendas::{Channel, HashKey, Options, Request, Snapshot, Stage, Timestamp, Verdict};
    ///
    /// let mut tenant = Tenant::new("acme");
    /// tenant.accounts.push(Account::new("alice"));
    /// let mut policy = Policy::default();
    /// policy.tenants.push(tenant);
    /// let snapshot = Snapshot::compile(&policy, &Options::new(HashKey(*b"sixteen random!!")))?;
    ///
    /// let requests = ["alice", "mallory"].map(|account| {
    ///     let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    ///     request.account = Some(account.as_bytes());
    ///     (request, Stage::Session)
    /// });
    /// let mut verdicts = Vec::new();
    /// snapshot.evaluate_many(requests, |decision| verdicts.push(decision.verdict()));
    /// assert_eq!(verdicts, [Verdict::Allow, Verdict::Deny]);
    /// # Ok::<(), sendas::CompileError>(())
    /// ```
    pub fn evaluate_many<'r>(
        &self,
        requests: impl IntoIterator<Item = (Request<'r>, Stage)>,
        mut answer: impl FnMut(Decision),
    ) {
        let mut requests = requests.into_iter().fuse();
        if !self.root().is_large() {
            requests.for_each(|(request, stage)| answer(self.evaluate_stage(&request, stage)));
            return;
        }
        loop {
            let window = array::from_fn(|_| requests.next());
            decide(self, &window, &mut answer);
            if window.last().is_none_or(Option::is_none) {
                return;
            }
        }
    }
}

/// Decides the requests of a window.
///
/// Who has no account, and what is found damaged on the way, is decided alone.
fn decide(snapshot: &Snapshot, window: &Window<'_>, answer: &mut impl FnMut(Decision)) {
    let (root, limits) = (snapshot.root(), &snapshot.options().limits);
    let mut approaches = window.each_ref().map(|place| {
        let (request, _) = place.as_ref()?;
        Approach::start(root, request.account?).ok()
    });
    let senders = window.each_ref().map(|place| {
        place.as_ref().map_or(envelope::Said::Unknown, |(request, stage)| envelope::read(request, *stage))
    });
    let mut rooms = [const { None }; WINDOW];
    let mut places = senders.iter().zip(&mut rooms);
    let asked: [_; WINDOW] = array::from_fn(|_| {
        let (sender, room) = places.next()?;
        sender.target(root.key, room)
    });
    let targets = asked.each_ref().map(|asked| asked.as_ref()?.as_ref().ok());
    each(&mut approaches, |number, approach| {
        let target = targets.get(number).copied().flatten();
        target.map_or(Ok(()), |target| approach.ask_for_holders(target))?;
        approach.find_page()
    });
    let mut headers: [header::Said<'_>; WINDOW] = array::from_fn(|_| header::Said::default());
    for ((place, sender), header) in window.iter().zip(&senders).zip(&mut headers) {
        if let Some((request, Stage::Message)) = place {
            header.read(&request.header, limits, sender.known());
        }
    }
    let mut places = headers.iter().zip(&targets);
    let froms: [_; WINDOW] = array::from_fn(|_| {
        let (header, target) = places.next()?;
        header.target(root.key, *target)
    });
    each(&mut approaches, |number, approach| {
        let from = froms.get(number).and_then(Option::as_ref);
        from.map_or(Ok(()), |from| approach.ask_for_holders(from))?;
        approach.find_record(targets.get(number).copied().flatten())
    });
    let read = senders.iter().zip(&asked).zip(headers.iter().zip(&froms));
    for ((place, approach), ((sender, asked), (header, from))) in window.iter().zip(approaches).zip(read) {
        let Some((request, stage)) = place else { return };
        let Some(approach) = approach else {
            answer(snapshot.evaluate_stage(request, *stage));
            continue;
        };
        let said = Said { sender, asked: asked.as_ref(), header, from: from.as_ref() };
        let mut decision = Decision::open(*stage, snapshot.id());
        let (clock, ledger) = (Clock::new(request.now), &mut Ledger::new(&mut decision));
        let done = conclude(snapshot, request, &clock, ledger, &mut Blind, &mut Forgetful, (Some(approach), said));
        if let Err(Damaged) = done {
            decision.defer(Reason::SnapshotDamaged);
        }
        answer(decision.settled());
    }
}

/// Takes a step of each look-up that is under way; one that meets damage ends.
#[inline]
fn each<'s>(approaches: &mut [Option<Approach<'s>>; WINDOW], step: impl Fn(usize, &mut Approach<'s>) -> Read<()>) {
    for (number, place) in approaches.iter_mut().enumerate() {
        if place.as_mut().is_some_and(|approach| step(number, approach).is_err()) {
            *place = None;
        }
    }
}

/// Requests that are decided together; places at the end are free where there are no more.
type Window<'r> = [Option<(Request<'r>, Stage)>; WINDOW];

/// More than a processor can wait for at once.
const WINDOW: usize = 16;
