//! Makes policies and requests out of a small world, so that names, domains and instants collide all the time.
//!
//! Every choice is read from octets, so that a property test, a fuzzer and a regression all drive the same generator,
//! and fewer or smaller octets mean a simpler case.

mod choices;
mod grafted;
mod header;
mod policy;
mod request;
mod world;

pub use choices::Choices;
pub use grafted::{OWN, grafted};
pub use policy::{crowd, domain_entry, numbered, policy, scope};
pub use request::request;
pub use world::{DOMAINS, address, options, range};

use sendas::Options;
use sendas::policy::Policy;

use crate::request::Request;

/// A policy with a request to decide by it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The policy; [`Policy::check`] finds nothing in it.
    pub policy: Policy,
    /// What to compile it with.
    pub options: Options,
    /// The request.
    pub request: Request,
}

/// Makes a case of octets.
#[must_use]
pub fn case(octets: &[u8]) -> Case {
    made(octets, |_, _| {})
}

/// Makes a case in which few addresses are held by many.
#[must_use]
pub fn crowded(octets: &[u8]) -> Case {
    made(octets, crowd)
}

/// Makes a case whose policy is changed before anything is asked of it.
fn made(octets: &[u8], change: impl FnOnce(&mut Choices<'_>, &mut Policy)) -> Case {
    let mut choices = Choices::new(octets);
    let options = options(&mut choices);
    let mut policy = policy(&mut choices);
    change(&mut choices, &mut policy);
    let request = request(&mut choices, &policy, &options.limits);
    Case { policy, options, request }
}
