//! What stands between the assistant and the world: it decides, and nothing else does.
//!
//! To see how a call is decided, read `verdict` (the rules in their order), `grounding` (is a value
//! the owner's own?) and `intent`; `whitelist` and `opened` are what the owner allowed (`check` tells
//! a person what it comes to), `allowed` and `permit` what a verdict hands out, `visit` judges each
//! step of a way into the web, `program` what is started, and `delivery` what is told to a person over a channel of theirs. What
//! is judged (`call`, `label`), what a person answered (`approval`) and how texts, values and
//! addresses are read is in the modules above this one, which decide nothing.

pub mod allowed;
pub mod check;
pub mod delivery;
pub mod grounding;
pub mod intent;
pub mod opened;
pub mod permit;
pub mod program;
pub mod verdict;
pub mod visit;
pub mod whitelist;
