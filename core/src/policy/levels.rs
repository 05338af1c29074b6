//! How deep tenants stand below one another.

use alloc::vec::Vec;

/// How deep a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// 1 for a tenant without a parent.
    Depth(usize),
    /// It is its own ancestor, and the first of those that are so together.
    FirstOfCycle,
    /// It is one of the others of a cycle, or has an ancestor in one.
    BelowCycle,
}

/// Returns the level of each tenant, from the index of each one's parent, in linear time.
pub(super) fn levels(parents: &[Option<usize>]) -> Vec<Level> {
    let mut levels: Vec<Option<Level>> = alloc::vec![None; parents.len()];
    // Which walk came by; a walk that meets itself has found a cycle.
    let mut walks: Vec<Option<usize>> = alloc::vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut walked = Vec::new();
        let mut at = Some(start);
        let above = loop {
            let Some(tenant) = at else { break Level::Depth(0) };
            match (levels.get(tenant), walks.get_mut(tenant), parents.get(tenant)) {
                (Some(Some(level)), _, _) => break *level,
                (_, Some(walk), Some(parent)) if walk.is_none() => {
                    *walk = Some(start);
                    walked.push(tenant);
                    at = *parent;
                }
                _ => {
                    let cycle = walked.iter().skip_while(|&&other| other != tenant);
                    if let Some(level) = cycle.min().and_then(|&first| levels.get_mut(first)) {
                        *level = Some(Level::FirstOfCycle);
                    }
                    break Level::BelowCycle;
                }
            }
        };
        for (below, tenant) in walked.iter().rev().enumerate() {
            if let Some(level @ None) = levels.get_mut(*tenant) {
                *level = Some(match above {
                    Level::Depth(depth) => Level::Depth(depth + below + 1),
                    Level::FirstOfCycle | Level::BelowCycle => Level::BelowCycle,
                });
            }
        }
    }
    levels.into_iter().map(|level| level.unwrap_or(Level::BelowCycle)).collect()
}

#[cfg(test)]
mod tests {
    use super::Level::{BelowCycle, Depth, FirstOfCycle};
    use super::levels;

    #[test]
    fn finds_depths_and_cycles() {
        assert_eq!(levels(&[]), []);
        assert_eq!(levels(&[Some(1), Some(2), None, Some(0)]), [Depth(3), Depth(2), Depth(1), Depth(4)]);
        assert_eq!(levels(&[Some(0)]), [FirstOfCycle]);
        assert_eq!(levels(&[Some(2), None, Some(3), Some(2)]), [BelowCycle, Depth(1), FirstOfCycle, BelowCycle]);
        assert_eq!(levels(&[Some(1), Some(2), Some(1), Some(0)]), [BelowCycle, FirstOfCycle, BelowCycle, BelowCycle]);
    }

    #[test]
    fn a_long_chain_takes_linear_time() {
        let parents: std::vec::Vec<_> = (0..200_000).map(|index| Some(index + 1)).chain([None]).collect();
        assert_eq!(levels(&parents).first(), Some(&Depth(200_001)));
    }
}
