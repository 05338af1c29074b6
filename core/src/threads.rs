//! Compiling on several threads: whatever is done of a tenant by itself, whose results come in the order of the tenants, and at
//! the end what has nothing to do with each other.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::vec::Vec;
#[cfg(feature = "json")]
use std::{iter, mem};

use crate::options::Options;
use crate::policy::Policy;
use crate::snapshot::build::join::Both;
use crate::snapshot::build::tenants::CompiledTenants;
use crate::snapshot::{CompileError, Snapshot};
#[cfg(feature = "json")]
use crate::wire::{LinesError, SnapshotLines};

impl Snapshot {
    /// Compiles a policy on so many threads beside this one: it is the snapshot that [`Snapshot::compile`] returns.
    ///
    /// With one, no thread is started and this one does it all; a thread that the system refuses is one fewer, and there are
    /// no more than there is work for. All have ended when this returns.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`].
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use sendas::{HashKey, Options, Policy, Snapshot};
    ///
    /// let (policy, options) = (Policy::default(), Options::new(HashKey(*b"sixteen random!!")));
    /// let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    /// assert_eq!(Snapshot::compile_on(threads, &policy, &options)?.id(), Snapshot::compile(&policy, &options)?.id());
    /// # Ok::<(), sendas::CompileError>(())
    /// ```
    pub fn compile_on(threads: NonZeroUsize, policy: &Policy, options: &Options) -> Result<Self, CompileError> {
        let mut builder = Self::builder(&policy.provider, options);
        let compiler = builder.compiler().clone();
        let threads = in_order(
            threads,
            policy.tenants.chunks(TENANTS),
            |tenants| {
                let mut compiled = CompiledTenants::default();
                tenants.iter().for_each(|tenant| compiler.add(tenant, &mut compiled));
                compiled
            },
            |mut compiled| builder.add(&mut compiled),
        );
        builder.finish_by(&Beside(threads))
    }
}

#[cfg(feature = "json")]
impl SnapshotLines {
    /// Takes all pieces of a text and compiles them on so many threads beside this one, which takes the next pieces meanwhile.
    ///
    /// With one, no thread is started and this one does it all; a thread that the system refuses is one fewer. All have ended
    /// when this returns. At most two pieces of 256 KiB a thread, each with the line that it ends in, are on their way.
    ///
    /// Where the pieces end, the text ends: an iterator that stops at a read error gives a snapshot of what came before. Keep
    /// the error, and look at it before the snapshot is used.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use sendas::{HashKey, Options, SnapshotLines};
    ///
    /// let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    /// let options = Options::new(HashKey(*b"sixteen random!!"));
    /// let snapshot = SnapshotLines::compile_on(threads, ["{\"schema\":1}\n", "{\"id\":\"acme\"}\n"], &options)?;
    /// assert_eq!(snapshot.tenant_count(), 1);
    /// # Ok::<(), sendas::LinesError>(())
    /// ```
    pub fn compile_on(
        threads: NonZeroUsize,
        pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
        options: &Options,
    ) -> Result<Snapshot, LinesError> {
        let Self { mut cutter, mut compiled } = Self::new(options);
        let compiler = compiled.compiler.clone();
        let mut pieces = pieces.into_iter();
        // The piece that is cut, and how much of it has been taken: a long one is taken bit by bit.
        let mut piece = pieces.next().map(|piece| (piece, 0));
        let mut ended = false;
        let cuts = iter::from_fn(|| {
            while let Some((octets, taken)) = &mut piece {
                let rest = octets.as_ref().get(*taken..).unwrap_or_default();
                let next = rest.get(..Self::ENOUGH).unwrap_or(rest);
                *taken += next.len();
                let cut = cutter.push(next);
                if next.len() == rest.len() {
                    piece = pieces.next().map(|piece| (piece, 0));
                }
                if cut.is_some() {
                    return cut;
                }
            }
            (!mem::replace(&mut ended, true)).then(|| cutter.last())
        });
        let threads = in_order(threads, cuts, |cut| cut.compile(&compiler), |part| compiled.add(part));
        compiled.finish_by(&Beside(threads))
    }
}

/// Makes a result of each piece of work, and hands the results over in the order of the work. Only a few are ever on their way.
/// Returns how many threads there was work for, but one at least.
///
/// The calling thread hands out and takes, so that `work` and `take` need be neither `Send` nor `Sync`.
fn in_order<W: Send, R: Send>(
    threads: NonZeroUsize,
    mut work: impl Iterator<Item = W>,
    make: impl Fn(W) -> R + Sync,
    mut take: impl FnMut(R),
) -> NonZeroUsize {
    // No more threads than there is work for.
    let first: Vec<W> = work.by_ref().take(threads.get()).collect();
    let threads = NonZeroUsize::new(first.len()).unwrap_or(NonZeroUsize::MIN);
    let work = first.into_iter().chain(work);
    if threads == NonZeroUsize::MIN {
        work.for_each(|work| take(make(work)));
        return threads;
    }
    thread::scope(|scope| {
        let start = |_| {
            let (give, given) = sync_channel(AHEAD);
            let (done, results) = sync_channel(AHEAD);
            let make = &make;
            let run = move || given.into_iter().map(make).try_for_each(|result| done.send(result));
            // A thread that the system does not give is one fewer.
            thread::Builder::new().spawn_scoped(scope, run).ok().map(|_| (give, results))
        };
        let workers: Vec<(SyncSender<W>, Receiver<R>)> = (0..threads.get()).filter_map(start).collect();
        if workers.is_empty() {
            return work.for_each(|work| take(make(work)));
        }
        let mut on_their_way = 0;
        let mut next = workers.iter().cycle();
        let mut oldest = workers.iter().cycle();
        let mut receive = || {
            if let Some(result) = oldest.next().and_then(|(_, results)| results.recv().ok()) {
                take(result);
            }
        };
        for work in work {
            if on_their_way == workers.len() * AHEAD {
                receive();
                on_their_way -= 1;
            }
            if let Some((give, _)) = next.next() {
                // A thread ends before its channel does only if it panics, which the scope hands on.
                let _ = give.send(work);
            }
            on_their_way += 1;
        }
        (0..on_their_way).for_each(|_| receive());
        drop(workers);
    });
    threads
}

/// Two things at once, if there is more than one thread.
struct Beside(NonZeroUsize);

impl Both for Beside {
    fn both<A: Send, B>(&self, mut one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
        if !self.is_at_once() {
            return (one(), other());
        }
        let (done, other) = thread::scope(|scope| {
            let thread = thread::Builder::new().spawn_scoped(scope, &mut one).ok();
            let other = other();
            (thread.map(ScopedJoinHandle::join), other)
        });
        match done {
            Some(Ok(one)) => (one, other),
            Some(Err(panic)) => resume_unwind(panic),
            // The system gave no thread.
            None => (one(), other),
        }
    }

    fn is_at_once(&self) -> bool {
        self.0 != NonZeroUsize::MIN
    }
}

/// As many pieces of work a thread has at most: one that it is at, and the next.
const AHEAD: usize = 2;

/// As many tenants a thread is given at once: more than handing them over costs.
const TENANTS: usize = 64;

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::vec::Vec;

    use super::{Beside, in_order};
    use crate::snapshot::build::join::Both;

    #[test]
    fn results_come_in_order() {
        for threads in 1..6 {
            for count in [0, 1, 2, 3, 100] {
                let mut results = Vec::new();
                let threads = NonZeroUsize::new(threads).expect("one or more");
                let used = in_order(threads, 0..count, |number| number * 2, |result| results.push(result));
                assert_eq!(used.get(), threads.get().min(count).max(1));
                assert_eq!(results, (0..count).map(|number| number * 2).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn both_are_done_on_one_thread_and_on_more() {
        for threads in 1..4 {
            let beside = Beside(NonZeroUsize::new(threads).expect("one or more"));
            let mut done = 0;
            let both = beside.both(
                || {
                    done += 1;
                    done
                },
                || beside.both(|| "two", || "three"),
            );
            assert_eq!(both, (1, ("two", "three")));
            assert_eq!(done, 1, "done once on {threads}");
        }
    }
}
