//! The web shell: what every page stands in. It knows no feature.

pub mod assets;
pub mod caller;
pub mod cookies;
pub mod csrf;
pub mod door;
pub mod error;
pub mod flash;
pub mod form;
pub mod headers;
pub mod highlight;
pub mod idempotency;
mod kept;
pub mod keys;
pub mod markdown;
pub mod page;
pub mod peer;
pub mod problem;
pub mod public;
pub mod rate;
pub mod request;
pub mod scope;
pub mod seen;
pub mod session;
pub mod shell;
pub mod standing;
pub mod store;
pub mod theme;
pub mod when;
pub mod whole;

pub use page::Page;
