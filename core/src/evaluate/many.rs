//! Many requests in one call: their memory is asked for together, and each is then decided as by itself.

use core::array;
use core::borrow::Borrow;

use crate::decision::{Decision, Stage};
use crate::ledger::Ledger;
use crate::observer::Blind;
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::approach::Approach;
use crate::snapshot::near::bring_near;
use crate::snapshot::root::RootView;
use crate::snapshot::target::Keys;
use crate::time::Clock;

use super::envelope::{self, SaidSender};
use super::memory::Forgetful;
use super::{close, enter, with_account};

/// So many requests are looked up together.
const WINDOW: usize = 8;

/// Some requests, owned or lent, each with its stage.
type Window<R> = [Option<(R, Stage)>; WINDOW];

impl Snapshot {
    /// Decides many requests, each as far as it is known at its stage, and calls `answer` with each decision, in the
    /// order of the requests: the one that [`Snapshot::evaluate_stage`] gives.
    ///
    /// It is made where the one before it stood; whoever keeps it copies it. A request is given or lent, as `Request`
    /// or `&Request`. Nothing is allocated on ASCII input. If the snapshot has more than 8 MiB, eight requests are
    /// taken at a time, and the memory that they stand in and what they look up is asked for together: no answer comes
    /// before eight were taken, or there are no more.
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
    pub fn evaluate_many<'r, R: Borrow<Request<'r>>>(
        &self,
        requests: impl IntoIterator<Item = (R, Stage)>,
        mut answer: impl FnMut(&Decision),
    ) {
        if self.root().is_far() {
            return self.evaluate_in_windows(requests, answer);
        }
        let mut decision = Decision::open(Stage::Session, self.id());
        for (request, stage) in requests {
            decision.reopen(stage, self.id());
            enter(&mut decision, self, request.borrow(), &mut Blind, &mut Forgetful);
            answer(&decision);
        }
    }

    /// What [`Snapshot::evaluate_many`] does of a snapshot that has more than 8 MiB, of one of any size: so that tests can hold it to
    /// the same answers over small policies.
    #[doc(hidden)]
    pub fn evaluate_in_windows<'r, R: Borrow<Request<'r>>>(
        &self,
        requests: impl IntoIterator<Item = (R, Stage)>,
        mut answer: impl FnMut(&Decision),
    ) {
        let mut requests = requests.into_iter().fuse();
        let mut decision = Decision::open(Stage::Session, self.id());
        let root = self.root();
        let mut ahead = Ahead::new(self, &root);
        loop {
            let window: Window<R> = array::from_fn(|_| requests.next());
            if matches!(window, [None, ..]) {
                return;
            }
            ahead.look(&window);
            ahead.decide(&window, &mut decision, &mut answer);
        }
    }
}

/// What is found out about the requests of a window before the first of them is decided, in passes over all of them: the memory that one
/// needs has been asked for in the one before.
///
/// It is written where it stands, a word at a time: what is made elsewhere and then copied waits until the processor has
/// written it.
struct Ahead<'a> {
    snapshot: &'a Snapshot,
    root: &'a RootView<'a>,
    approaches: [Approach<'a>; WINDOW],
    senders: [SaidSender<'a>; WINDOW],
    /// What the senders are looked up by.
    keys: [Option<Keys>; WINDOW],
}

impl<'a> Ahead<'a> {
    fn new(snapshot: &'a Snapshot, root: &'a RootView<'a>) -> Self {
        Self {
            snapshot,
            root,
            approaches: [Approach::idle(root); WINDOW],
            senders: [const { SaidSender::Unknown }; WINDOW],
            keys: [None; WINDOW],
        }
    }

    /// Reads who asks and sends, and looks both up.
    #[inline(never)]
    fn look<'r: 'a, R: Borrow<Request<'r>>>(&mut self, window: &Window<R>) {
        let Self { root, approaches, senders, keys, .. } = self;
        window.iter().flatten().for_each(|(request, _)| ask_for_octets(request.borrow()));
        for ((request, _), approach) in window.iter().flatten().zip(&mut *approaches) {
            approach.start_anew(request.borrow().account.unwrap_or_default());
        }
        let places = senders.iter_mut().zip(&mut *keys).zip(&*approaches);
        for ((request, stage), ((sender, keys), approach)) in window.iter().flatten().zip(places) {
            let said = envelope::read(request.borrow(), *stage);
            let mut room = None;
            let asked = said.target(root.hasher, &mut room);
            *keys = asked.and_then(Result::ok).map(|target| approach.keys(&target));
            *sender = said;
        }
        Approach::find_together(approaches, keys, window.iter().flatten().count());
    }

    /// Decides them.
    #[inline(never)]
    fn decide<'r: 'a, R: Borrow<Request<'r>>>(
        &self,
        window: &Window<R>,
        decision: &mut Decision,
        answer: &mut impl FnMut(&Decision),
    ) {
        let Self { snapshot, root, approaches, senders, keys } = self;
        for ((request, stage), ((approach, sender), keys)) in
            window.iter().flatten().zip(approaches.iter().zip(senders).zip(keys))
        {
            let request = request.borrow();
            decision.reopen(*stage, snapshot.id());
            let clock = Clock::new(request.now);
            let mut ledger = Ledger::new(decision);
            let mut room = None;
            let asked = sender.target(root.hasher, &mut room);
            if let (Some(Ok(target)), Some(keys)) = (&asked, keys) {
                target.know(keys);
            }
            let begun = (approach, sender, asked.as_ref());
            let entered = with_account(snapshot, request, begun, &clock, &mut ledger, &mut Blind, &mut Forgetful);
            close(decision, entered, &clock, &mut Forgetful);
            answer(decision);
        }
    }
}

/// Asks for each line of memory that a request's own octets are likely to stand in: these may be as far away as
/// the snapshot is.
fn ask_for_octets(request: &Request<'_>) {
    let sender = match request.envelope_sender {
        EnvelopeSender::Path(octets) | EnvelopeSender::Unquoted(octets) => octets,
        EnvelopeSender::Null | EnvelopeSender::Unknown => &[],
    };
    [request.account.unwrap_or_default(), sender].into_iter().for_each(ask);
    match request.header {
        Header::Block(block) => block.chunks(LINE).take(USUAL).for_each(ask),
        Header::Fields(fields) => fields.iter().take(USUAL).for_each(|(_, body)| ask(body)),
        Header::NotGiven => {}
    }
}

/// Asks for the line of memory that the octets begin in.
fn ask(octets: &[u8]) {
    octets.first().into_iter().for_each(bring_near);
}

/// The octets of a line of memory.
const LINE: usize = 64;
/// The lines, or fields, that most headers have at most.
const USUAL: usize = 8;
