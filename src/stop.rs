//! How the program is told to end: one word, said once, heard everywhere.
//!
//! Says nothing about how long an ending may take; each listener knows that.

use tokio::sync::watch;

/// Says stop. Dropping it says so too: nobody is left to serve for.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Hears stop. Clones hear the same.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Returns the two ends.
pub fn pair() -> (Stopper, Stop) {
    let (say, hear) = watch::channel(false);
    (Stopper(say), Stop(hear))
}

impl Stopper {
    /// Tells every listener to end. To say it again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until told to stop; returns at once if that was before.
    pub async fn told(&self) {
        // An error means that the other end is gone, which says the same.
        let mut hearing = self.0.clone();
        let _said_or_gone = hearing.wait_for(|stop| *stop).await;
    }
}
