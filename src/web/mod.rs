//! The web shell: what every page stands in. It knows no feature.

pub mod assets;
pub mod headers;
pub mod highlight;
pub mod markdown;
pub mod page;
pub mod problem;
pub mod shell;
pub mod theme;
pub mod when;

pub use page::Page;
