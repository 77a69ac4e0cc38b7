//! The workspace in a box, driven from outside as an app and as a person would.

mod bench;
mod clock;
mod doors;
mod gestures;
mod modals;
mod strict;
mod trouble;
