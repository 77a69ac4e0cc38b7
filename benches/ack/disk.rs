//! What one flush costs on a disk. Writes one small file and removes it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use breakglass::clock::Stopwatch;

/// How often it is measured at a time.
pub(crate) const N_FLUSHES: usize = 200;

/// A page, as a write-ahead log grows by.
const PAGE: [u8; 4096] = [0x45; 4096];

/// Returns what each `fdatasync` after one written page costs in this folder.
pub(crate) fn flushes(folder: &Path) -> anyhow::Result<Vec<Duration>> {
    let path = folder.join("ack-fdatasync");
    let file = File::create(&path)?;
    let mut spans = Vec::with_capacity(N_FLUSHES);
    for n in 0..N_FLUSHES {
        file.write_all_at(&PAGE, (n * PAGE.len()) as u64)?;
        let watch = Stopwatch::start();
        file.sync_data()?;
        spans.push(watch.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(spans)
}

/// Returns the one in the middle.
pub(crate) fn median(spans: &[Duration]) -> Duration {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    spans.get(spans.len() / 2).copied().unwrap_or_default()
}
