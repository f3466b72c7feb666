//! A value that must never be seen: it can't be printed, logged or serialised.

use zeroize::Zeroizing;

/// Wiped from memory when dropped. Without `Debug`, `Display` and `Serialize` on purpose.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(value.into()))
    }

    /// The value itself, for the header or login at the very edge. Don't keep what it returns.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
