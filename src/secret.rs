//! A value that must never be seen: it can't be printed, logged or serialised, and the memory that
//! holds it is nobody else's to read.

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use zeroize::Zeroizing;

/// Of a value shorter than this nothing is shown.
const ENDING_OF_CHARS_MIN: usize = 16;
const ENDING_CHARS: usize = 4;

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

    /// How a long value ends, so that a person knows which one it is; none of a short one, of which
    /// that would be too much, or where the end is nothing to read. It is made of the value each time
    /// and kept nowhere: beside a sealed value it would lie open in the database and its backups.
    pub fn ending(&self) -> Option<String> {
        let value = self.0.trim_end();
        let chars = value.chars().count();
        if chars < ENDING_OF_CHARS_MIN {
            return None;
        }
        let ending: String = value.chars().skip(chars - ENDING_CHARS).collect();
        let readable = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
        ending.chars().all(readable).then_some(ending)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_a_long_value_shows_how_it_ends() {
        let ending = |value: &str| Secret::new(value).ending();
        assert_eq!(ending("sk-ant-0123456789-4f2a\n").as_deref(), Some("4f2a"));
        assert_eq!(ending("0123456789abcdef").as_deref(), Some("cdef"));
        assert_eq!(ending("0123456789abcde"), None);
        assert_eq!(ending("correct horse battery a\u{202e}b"), None);
        assert_eq!(ending("a rather long phrase to be"), None);
        assert_eq!(ending(""), None);
    }
}
