//! Many requests in one call: their memory is asked for together, and each is then decided as by itself.

use core::array;
use core::borrow::Borrow;
use core::hint::black_box;

use crate::decision::{Decision, Stage};
use crate::ledger::Ledger;
use crate::observer::Blind;
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::approach::Approach;
use crate::time::Clock;

use super::envelope::{self, SaidSender};
use super::memory::Forgetful;
use super::{close, enter, with_account};

/// So many requests are looked up together.
const WINDOW: usize = 16;

/// Some requests, owned or lent, each with its stage.
type Window<R> = [Option<(R, Stage)>; WINDOW];

impl Snapshot {
    /// Decides many requests, each as far as it is known at its stage, and calls `answer` with each decision, in the
    /// order of the requests: the one that [`Snapshot::evaluate_stage`] gives.
    ///
    /// It is made where the one before it stood; whoever keeps it copies it. A request is given or lent, as `Request`
    /// or `&Request`. Nothing is allocated on ASCII input. If the snapshot has more than 2 MiB, sixteen requests are
    /// taken at a time, and the memory that they stand in and what they look up is asked for together: no answer comes
    /// before sixteen were taken, or there are no more.
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
        let mut requests = requests.into_iter().fuse();
        let mut decision = Decision::open(Stage::Session, self.id());
        if !self.root().is_far() {
            for (request, stage) in requests {
                decision.reopen(stage, self.id());
                enter(&mut decision, self, request.borrow(), &mut Blind, &mut Forgetful);
                answer(&decision);
            }
            return;
        }
        loop {
            let window: Window<R> = array::from_fn(|_| requests.next());
            if matches!(window, [None, ..]) {
                return;
            }
            decide_window(self, &window, &mut decision, &mut answer);
        }
    }
}

/// Decides some requests, whose addresses are known and looked up before the first of them is decided.
fn decide_window<'r, R: Borrow<Request<'r>>>(
    snapshot: &Snapshot,
    window: &Window<R>,
    decision: &mut Decision,
    answer: &mut impl FnMut(&Decision),
) {
    let root = snapshot.root();
    window.iter().flatten().for_each(|(request, _)| ask_for_octets(request.borrow()));
    let mut approaches: [Option<Approach<'_>>; WINDOW] = array::from_fn(|number| {
        let (request, _) = window.get(number)?.as_ref()?;
        Some(Approach::start(root, request.borrow().account?))
    });
    let senders: [SaidSender<'_>; WINDOW] = array::from_fn(|number| match window.get(number) {
        Some(Some((request, stage))) => envelope::read(request.borrow(), *stage),
        _ => SaidSender::Unknown,
    });
    let mut rooms = [const { None }; WINDOW];
    let mut room = rooms.iter_mut();
    let asked: [Option<envelope::Asked<'_>>; WINDOW] =
        array::from_fn(|number| senders.get(number)?.target(root.hasher, room.next()?));
    Approach::find_together(&mut approaches, &asked.iter().map(|asked| asked.as_ref()?.as_ref().ok()));
    for (((request, approach), sender), asked) in window.iter().zip(&approaches).zip(&senders).zip(&asked) {
        let Some((request, stage)) = request else { return };
        let request = request.borrow();
        decision.reopen(*stage, snapshot.id());
        match approach {
            None => enter(decision, snapshot, request, &mut Blind, &mut Forgetful),
            Some(approach) => {
                let clock = Clock::new(request.now);
                let begun = (approach, sender, asked.as_ref());
                let mut ledger = Ledger::new(decision);
                let entered = with_account(snapshot, request, begun, &clock, &mut ledger, &mut Blind, &mut Forgetful);
                close(decision, entered, &clock, &mut Forgetful);
            }
        }
        answer(decision);
    }
}

/// Reads an octet of each line of memory that a request's own octets are likely to stand in: these may be as far away as
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

/// Reads the first octet, which brings its line of memory near.
fn ask(octets: &[u8]) {
    black_box(octets.first().copied());
}

/// The octets of a line of memory.
const LINE: usize = 64;
/// The lines, or fields, that most headers have at most.
const USUAL: usize = 8;
