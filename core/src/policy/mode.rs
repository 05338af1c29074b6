//! How strictly a control is applied, and from when.

use crate::time::Timestamp;

/// The setting of a control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the modes are the model")]
pub enum Mode {
    /// Not looked at.
    Off,
    /// Looked at; failures are listed as would-deny.
    Monitor,
    /// Failures deny.
    #[default]
    Enforce,
    /// Monitors before the instant, enforces from it on.
    EnforceFrom(Timestamp),
}

impl Mode {
    /// Returns how strictly the control is applied at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Strength {
        match self {
            Self::Off => Strength::Off,
            Self::Monitor => Strength::Monitor,
            Self::Enforce => Strength::Enforce,
            Self::EnforceFrom(from) if now < from => Strength::Monitor,
            Self::EnforceFrom(_) => Strength::Enforce,
        }
    }
}

/// How strictly a control is applied at one instant, from the weakest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the strengths are the model")]
pub enum Strength {
    /// Not looked at.
    Off,
    /// Failures are would-deny.
    Monitor,
    /// Failures deny.
    Enforce,
}
