//! The workspace in a box, driven from outside as an app and as a person would.

mod alone;
mod bench;
mod clock;
mod doors;
mod gestures;
mod modals;
mod models;
mod page;
mod strict;
mod trouble;
