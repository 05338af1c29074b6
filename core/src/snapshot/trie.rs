//! A map whose copies share what they have in common, so that a changed copy costs only its change.

use alloc::sync::Arc;

/// A map from well-spread numbers to values. Cloning it costs nothing; changing a copy leaves the others as they are.
#[derive(Clone)]
pub(crate) struct Trie<V> {
    root: Slot<V>,
}

type Slot<V> = Option<Arc<Node<V>>>;

#[derive(Clone)]
enum Node<V> {
    Leaf(u64, V),
    Branch([Slot<V>; WIDTH]),
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Clone> Trie<V> {
    /// The value under a key.
    pub(crate) fn get(&self, key: u64) -> Option<&V> {
        let (mut slot, mut rest) = (&self.root, key);
        loop {
            match slot.as_deref()? {
                Node::Leaf(other, value) => return (*other == key).then_some(value),
                Node::Branch(slots) => slot = slots.get(digit(rest))?,
            }
            rest >>= BITS;
        }
    }

    /// Sets the value under a key.
    pub(crate) fn set(&mut self, key: u64, value: V) {
        set(&mut self.root, 0, key, value);
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: u64) {
        if self.get(key).is_some() {
            remove(&mut self.root, key);
        }
    }

    /// Whether it has no key.
    pub(crate) const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The key that comes next behind one that it has, and the value under it: the first without one. [`Self::each`] takes them in
    /// the same order.
    pub(crate) fn behind(&self, key: Option<u64>) -> Option<(u64, &V)> {
        key.map_or_else(|| first(&self.root), |key| behind(&self.root, key))
    }

    /// Calls `visit` with each value.
    pub(crate) fn each<'t>(&'t self, visit: &mut impl FnMut(u64, &'t V)) {
        each(&self.root, visit);
    }
}

fn set<V: Clone>(slot: &mut Slot<V>, depth: u32, key: u64, value: V) {
    let Some(node) = slot else {
        *slot = Some(Arc::new(Node::Leaf(key, value)));
        return;
    };
    if let Node::Leaf(other, _) = **node {
        if other == key {
            *slot = Some(Arc::new(Node::Leaf(key, value)));
            return;
        }
        let mut slots: [Slot<V>; WIDTH] = Default::default();
        if let Some(place) = slots.get_mut(digit(other >> (depth * BITS))) {
            *place = slot.take();
        }
        *slot = Some(Arc::new(Node::Branch(slots)));
    }
    if let Some(Node::Branch(slots)) = slot.as_mut().map(Arc::make_mut) {
        if let Some(place) = slots.get_mut(digit(key >> (depth * BITS))) {
            set(place, depth + 1, key, value);
        }
    }
}

/// Removes a key that is there; `rest` are the digits below this slot.
fn remove<V: Clone>(slot: &mut Slot<V>, rest: u64) {
    let Some(node) = slot else { return };
    if let Node::Leaf(..) = **node {
        *slot = None;
        return;
    }
    if let Node::Branch(slots) = Arc::make_mut(node) {
        if let Some(place) = slots.get_mut(digit(rest)) {
            remove(place, rest >> BITS);
        }
        let mut left = slots.iter_mut().filter(|place| place.is_some());
        // A leaf alone needs no branch above it.
        match (left.next(), left.next()) {
            (None, _) => *slot = None,
            (Some(only), None) if matches!(only.as_deref(), Some(Node::Leaf(..))) => *slot = only.take(),
            _ => {}
        }
    }
}

fn first<V>(slot: &Slot<V>) -> Option<(u64, &V)> {
    match slot.as_deref()? {
        Node::Leaf(key, value) => Some((*key, value)),
        Node::Branch(slots) => slots.iter().find_map(first),
    }
}

/// What comes next behind a key that is there; `rest` are its digits below this slot.
fn behind<V>(slot: &Slot<V>, rest: u64) -> Option<(u64, &V)> {
    let Node::Branch(slots) = slot.as_deref()? else { return None };
    let (_, from) = slots.split_at_checked(digit(rest))?;
    let (within, later) = from.split_first()?;
    behind(within, rest >> BITS).or_else(|| later.iter().find_map(first))
}

fn each<'t, V>(slot: &'t Slot<V>, visit: &mut impl FnMut(u64, &'t V)) {
    match slot.as_deref() {
        None => {}
        Some(Node::Leaf(key, value)) => visit(*key, value),
        Some(Node::Branch(slots)) => slots.iter().for_each(|slot| each(slot, visit)),
    }
}

/// The lowest digit of a key.
#[expect(clippy::cast_possible_truncation, reason = "four bits")]
const fn digit(key: u64) -> usize {
    (key % WIDTH as u64) as usize
}

const BITS: u32 = 4;
const WIDTH: usize = 1 << BITS;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::iter;
    use std::vec::Vec;

    use super::*;

    /// Numbers that differ in their lowest, in their highest and in all digits.
    const KEYS: [u64; 8] = [0, 1, 16, 1 << 60, 17 << 56, u64::MAX, u64::MAX - (1 << 60), 0x1234_5678_9abc_def0];

    #[test]
    fn is_a_map_whose_copies_stay_as_they_are() {
        let mut trie = Trie::default();
        let mut map = BTreeMap::new();
        let mut versions = Vec::new();
        for step in 0..400_u64 {
            // 2^64 over the golden ratio, made odd: steps that follow one another come out far apart.
            let mixed = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let key = KEYS[(mixed % 8) as usize];
            if mixed & 0x300 == 0 {
                trie.remove(key);
                map.remove(&key);
            } else {
                trie.set(key, step);
                map.insert(key, step);
            }
            versions.push((trie.clone(), map.clone()));
        }
        for (trie, map) in versions {
            let (mut all, mut order) = (BTreeMap::new(), Vec::new());
            trie.each(&mut |key, value| {
                all.insert(key, *value);
                order.push(key);
            });
            assert_eq!(all, map);
            let next = |last: &u64| trie.behind(Some(*last)).map(|(key, _)| key);
            let one_by_one = iter::successors(trie.behind(None).map(|(key, _)| key), next);
            assert_eq!(one_by_one.collect::<Vec<_>>(), order);
            assert!(KEYS.iter().all(|key| trie.get(*key) == map.get(key)));
            assert_eq!(trie.is_empty(), map.is_empty());
        }
    }
}
