//! Grounding: is a value the owner's own? Found in the owner's words in this conversation, exactly,
//! whatever its case, accents, spacing and usual spellings. Never by likeness: a letter that only
//! looks the same, a digit more, another domain are foreign.
//!
//! [`Said`] keeps what the owner said, [`Read`] what came from outside. Both grow with the
//! conversation, so that a verdict looks values up and reads no text again.

mod content;
mod names;
mod read;
mod said;
mod secrets;
mod urls;

pub use content::{addresses, unnamed};
pub use read::Read;
pub use said::Said;
pub use urls::{Link, foreign_part, links};
