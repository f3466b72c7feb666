//! What stands between the assistant and the world: it decides, and nothing else does.
//!
//! To see how a call is decided, read `verdict` (the rules in their order), `grounding` (is a value
//! the owner's own?), `intent` and `approval`; `whitelist`, `opened`, `standing` and `limits` are what the
//! owner allowed (`check` tells a person what it comes to), `label` and `call` what is judged; `allowed` and `permit` are what a verdict hands out,
//! and `visit` judges each step of a way into the web. How texts, values and addresses are read is
//! in the modules above this one, which decide nothing.

pub mod allowed;
pub mod approval;
pub mod boundary;
pub mod call;
pub mod check;
pub mod grounding;
pub mod intent;
pub mod label;
pub mod limits;
pub mod opened;
pub mod permit;
pub mod standing;
pub mod verdict;
pub mod visit;
pub mod whitelist;
