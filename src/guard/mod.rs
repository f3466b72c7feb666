//! What stands between the assistant and the world. Small on purpose: read it all.

pub mod allowed;
pub mod label;

pub use crate::secret;
