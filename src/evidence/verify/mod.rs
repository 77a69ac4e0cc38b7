//! Whether a record is what it was: holds it against what was signed, names the first
//! thing that is wrong, and says what can't be known. Changes nothing.

mod database;
mod pack;
mod scan;
mod verdict;
mod witness;

pub use database::{Ask, database};
pub use pack::{Flaw, PackAsk, Sound, pack};
pub use verdict::{Fault, Reach, Verdict, Whose, Wrong};
pub use witness::{Given, GivenFault, read_key, read_witness};
