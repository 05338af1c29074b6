//! Where something stands in a text: the keys and the numbers that lead there.

use alloc::string::String;
use core::fmt::Write as _;

use smallvec::SmallVec;

use crate::policy::PathStep;

/// A path while a tree is walked. Its text is made where something is reported, which is seldom.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(SmallVec<[PathStep; DEPTH]>);

impl Path {
    /// Goes below a key of the table of keys.
    pub(super) fn push(&mut self, key: &'static str) {
        self.0.push(PathStep::Key(key));
    }

    /// Goes to an element of a list.
    pub(super) fn push_index(&mut self, index: usize) {
        self.0.push(PathStep::Index(index));
    }

    /// Takes the last step back.
    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    /// Writes it as a text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        push_steps(&mut text, &self.0);
        text
    }
}

/// Appends steps to the text of a path.
pub(super) fn push_steps(text: &mut String, steps: &[PathStep]) {
    for step in steps {
        match step {
            PathStep::Key(key) => push_key(text, key),
            // A string takes whatever is written to it.
            PathStep::Index(index) => drop(write!(text, "[{index}]")),
        }
    }
}

/// Appends a key to the text of a path.
pub(super) fn push_key(text: &mut String, key: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    text.push_str(key);
}

/// As many steps the longest path of a policy has, or about as many.
const DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_is_written_as_the_policy_text_has_it() {
        let mut path = Path::default();
        assert_eq!(path.text(), "");
        path.push("tenant");
        path.push_index(12);
        path.push("account");
        path.push_index(0);
        path.push("id");
        assert_eq!(path.text(), "tenant[12].account[0].id");
        path.pop();
        path.pop();
        assert_eq!(path.text(), "tenant[12].account");
    }
}
