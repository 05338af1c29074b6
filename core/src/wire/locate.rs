//! Where in a text stands what a problem of the policy is about.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr;

use crate::policy::PathStep;

use super::path::push_key;
use super::tree::{Node, Value};

/// Finds values by the places of the objects that were built from them.
pub(super) struct Locator<'t> {
    tree: &'t Node<'t>,
    /// Where the tables begin that no object was built from.
    skipped: &'t BTreeSet<usize>,
    /// Which elements of a list something was built from, for the lists that were asked about, by where their nodes are kept: a
    /// list that is wrong all over is asked about as often as it is long.
    built: BTreeMap<usize, Vec<usize>>,
}

impl<'t> Locator<'t> {
    pub(super) const fn new(tree: &'t Node<'t>, skipped: &'t BTreeSet<usize>) -> Self {
        Self { tree, skipped, built: BTreeMap::new() }
    }

    /// Finds the value that a problem is about, or the nearest one around it, and its path in the text.
    ///
    /// The policy's lists lack what could not be built, the text's do not.
    pub(super) fn locate(&mut self, steps: &[PathStep], mut path: String) -> (Range<usize>, String) {
        let (mut node, mut found) = (self.tree, true);
        for step in steps {
            let next = match step {
                PathStep::Key(key) => {
                    // An account's one `role` stands in its `roles`.
                    let short = (*key == "roles" && node.get("roles").is_none() && node.get("role").is_some())
                        .then_some("role");
                    let key = short.unwrap_or(key);
                    push_key(&mut path, key);
                    node.get(key)
                }
                PathStep::Index(_) if matches!(node.value, Value::Text(_)) => Some(node),
                PathStep::Index(index) => {
                    let number = self.element(node, *index);
                    path.push_str(&format!("[{}]", number.unwrap_or(*index)));
                    number.and_then(|number| node.elements().get(number))
                }
            };
            found &= next.is_some();
            if let Some(next) = next.filter(|_| found) {
                node = next;
            }
        }
        (node.span.clone(), path)
    }

    /// The place in a list of the element that the object with this index was built from.
    fn element(&mut self, list: &'t Node<'t>, index: usize) -> Option<usize> {
        let skipped = self.skipped;
        let is_built = |node: &Node<'_>| match node.value {
            Value::Table(_) => !skipped.contains(&node.span.start),
            _ => node.text().is_some(),
        };
        let elements = || list.elements().iter().enumerate();
        let built = self
            .built
            .entry(ptr::from_ref(list).addr())
            .or_insert_with(|| elements().filter(|(_, node)| is_built(node)).map(|(number, _)| number).collect());
        built.get(index).copied()
    }
}
