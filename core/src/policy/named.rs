//! The names that policy texts use for the values of an enum, one line for each.

/// Gives an enum `ALL`, `name` and `from_name` from its variants and their names.
macro_rules! named {
    ($type:ident, $count:literal, $example:literal: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every value, in the order in which they are documented.
            pub const ALL: [Self; $count] = [$(Self::$variant),+];

            #[doc = concat!("Returns the name used in policies, such as `", $example, "`.")]
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the value with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }
    };
}

pub(crate) use named;
