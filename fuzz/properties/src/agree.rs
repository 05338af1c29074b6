//! The engine against the slow reference, the staged form and the explanation.

/// Makes a policy and requests of the input, and holds every way of asking to one answer.
pub fn agree(input: &[u8]) {
    sendas_tests::agree::check(input);
}
