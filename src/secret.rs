//! A value that must never be seen: it can't be printed, logged or serialised, and the memory that
//! holds it is nobody else's to read.

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use zeroize::Zeroizing;

/// Closes this process's memory and environment to every other process of the same user, and keeps
/// them out of core dumps. Comes first of all, before a secret is read.
pub fn close_memory() -> anyhow::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).context("Core dumps can't be switched off")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("The program's memory can't be closed to other processes")
}

/// Wiped from memory when dropped. Without `Debug`, `Display` and `Serialize` on purpose: a secret
/// is shown or sent only where somebody writes `expose`.
///
/// ```
/// # let secret = steward::secret::Secret::new("sk-live");
/// let header = format!("Bearer {}", secret.expose());
/// let json = serde_json::to_string(secret.expose());
/// ```
/// ```compile_fail,E0277
/// # let secret = steward::secret::Secret::new("sk-live");
/// let header = format!("Bearer {}", secret);
/// ```
/// ```compile_fail,E0277
/// # let secret = steward::secret::Secret::new("sk-live");
/// let header = format!("Bearer {:?}", secret);
/// ```
/// ```compile_fail,E0277
/// # let secret = steward::secret::Secret::new("sk-live");
/// let json = serde_json::to_string(&secret);
/// ```
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
