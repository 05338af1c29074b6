//! Looks up whose own address an address may be.

use core::cmp::Reverse;
use core::iter;

use super::compare::Separators;
use super::entry::{Claimed, claimed};
use super::hash::Hash;
use super::keys::{Claim, FEW, NONE, Table, Verified, apart};
use super::layout::Read;
use super::root::{GoOn, RootView};
use super::target::Target;

impl RootView<'_> {
    /// Calls `visit` with each account whose own address, which counts or does not, may be this one in widest form, and
    /// with what was left of this one where it was found. A break ends those under one key, and the next one is looked
    /// up.
    ///
    /// The first separator is what the asking tenant gives to the domain, the others are those that any tenant gives
    /// it.
    #[inline(always)]
    pub(crate) fn claims(
        &self,
        target: &Target<'_>,
        (own, others): (Separators, Separators),
        sought: Sought,
        mut visit: impl FnMut(Claimed, &[u8]) -> GoOn,
    ) -> Read<()> {
        let (index, claim) = (self.head()?.own_index(), sought.claim());
        if index.count == 0 && self.overlay().is_none() {
            return Ok(());
        }
        let first = own.base(target.local);
        let hash = claim.hash(target.hash_of(first, false));
        self.each_entry(Table::Own, index, hash, |words| visit(claimed(words), first))?;
        if own.is_empty() && others.is_empty() {
            Ok(())
        } else {
            self.claims_cut(target, (own, others), sought, &mut visit)
        }
    }

    /// The same of those that stand under further keys, because some separator cuts the address.
    #[inline(never)]
    fn claims_cut(
        &self,
        target: &Target<'_>,
        (own, others): (Separators, Separators),
        sought: Sought,
        visit: &mut dyn FnMut(Claimed, &[u8]) -> GoOn,
    ) -> Read<()> {
        let (index, claim) = (self.head()?.own_index(), sought.claim());
        // It is the same for all keys, and few need it.
        let mut verified = None;
        for asking in own.iter() {
            for theirs in iter::once(NONE).chain(others.iter()).filter(|theirs| *theirs != asking) {
                let base = own.with(theirs).base(target.local);
                let hash = claim.cut(theirs, asking).hash(target.hash_of(base, false));
                self.claims_under(target, hash, (sought, &mut verified), &mut |claimed| visit(claimed, base))?;
            }
        }
        // All bases are cuts of one text, and each that differs is looked up once.
        let first = own.base(target.local);
        let mut bases = [first; Separators::ALL.len()];
        for (slot, separator) in bases.iter_mut().zip(others.iter()) {
            *slot = own.with(separator).base(target.local);
        }
        bases.sort_unstable_by_key(|base| Reverse(base.len()));
        let mut shortest = first;
        for base in bases {
            if base.len() < shortest.len() {
                shortest = base;
                let hash = claim.hash(target.hash_of(base, false));
                self.each_entry(Table::Own, index, hash, |words| visit(claimed(words), base))?;
            }
        }
        Ok(())
    }

    /// The same of those under one cut key, and of those that stand apart from it.
    fn claims_under(
        &self,
        target: &Target<'_>,
        hash: Hash,
        (sought, verified): (Sought, &mut Option<Verified>),
        visit: &mut dyn FnMut(Claimed) -> GoOn,
    ) -> Read<()> {
        let index = self.head()?.own_index();
        let (mut proved, mut is_enough) = (0, false);
        self.each_entry(Table::Own, index, hash, |words| {
            let claimed = claimed(words);
            proved += u32::from(claimed.above);
            let go_on = visit(claimed)?;
            is_enough = go_on.is_break();
            Ok(go_on)
        })?;
        // Where nothing has changed, a few stand under the key before any others stand apart.
        let may_stand_apart = if self.is_changed() { self.has_apart()? } else { proved >= FEW };
        if is_enough || !may_stand_apart {
            return Ok(());
        }
        match sought {
            Sought::Uncounted => Ok(()),
            Sought::Claimed => self.each_entry(Table::Own, index, apart(hash), |words| visit(claimed(words))),
            Sought::Counted => {
                let verified = match *verified {
                    Some(verified) => verified,
                    None => *verified.insert(self.verified(target)?),
                };
                // Those count whose proof is all that is verified from their domain up to the last of it.
                for proof in verified.parts() {
                    self.each_entry(Table::Own, index, proof.hash(hash), |words| visit(claimed(words)))?;
                }
                Ok(())
            }
        }
    }

    /// What anybody has verified of an address's domain and of those above.
    fn verified(&self, target: &Target<'_>) -> Read<Verified> {
        let mut verified = Verified::default();
        for ((name, hash), at) in target.domains().zip(0..) {
            if self.is_verified(name, hash)? {
                verified = verified.with(at);
            }
        }
        Ok(verified)
    }
}

/// Which own addresses are looked up.
#[derive(Clone, Copy)]
pub(crate) enum Sought {
    /// Those that count, and perhaps some that do not because nothing reaches them.
    Counted,
    /// Those that count or would if an entry above reached them.
    Claimed,
    /// Those that do not.
    Uncounted,
}

impl Sought {
    const fn claim(self) -> Claim {
        match self {
            Self::Counted | Self::Claimed => Claim::COUNTED,
            Self::Uncounted => Claim::UNCOUNTED,
        }
    }
}
