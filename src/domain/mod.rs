//! The rules of emergency changes, and nothing else.
//!
//! Pure: std, chrono, thiserror and sha2. Nothing here is async, does I/O,
//! serializes itself or reads a clock; `now` is always a parameter.
//! Start reading in [`change`].

/// Declares an enumeration whose variants have names for the record.
///
/// The names are part of the log's form: they may be added to, never changed.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name that stands in the record.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads a name that stands in the record.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

pub(crate) use named;

pub mod authorization;
pub mod change;
pub mod deployment;
pub mod effect;
pub mod id;
pub mod likeness;
pub mod merkle;
pub mod obligation;
pub mod offer;
pub mod policy;
pub mod rate;
pub mod text;
pub mod ticket;

#[cfg(test)]
mod tests;
