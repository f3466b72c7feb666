//! What a debug build's clock is moved by.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;

/// Nobody tells a sleeper that the file has changed.
pub const NAP_MAX: Duration = Duration::from_millis(20);

pub struct Moved {
    file: PathBuf,
    /// What stood there last: the file may be out of reach for a while.
    last_ms: AtomicI64,
}

impl Moved {
    pub fn open(file: &Path) -> Option<Moved> {
        let last_ms = AtomicI64::new(read(file)?);
        Some(Moved { file: file.to_owned(), last_ms })
    }

    pub fn by(&self) -> SignedDuration {
        if let Some(ms) = read(&self.file) {
            self.last_ms.store(ms, Ordering::Relaxed);
        }
        SignedDuration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }
}

fn read(file: &Path) -> Option<i64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}
