//! The command line as operators use it: words in; standard output, standard error and an exit code out.
#![cfg(test)]

mod admin;
mod bulk;
mod check;
mod evaluate;
mod log;
mod procedures;
mod program;
mod rollout;
mod sealed;
mod shell;
