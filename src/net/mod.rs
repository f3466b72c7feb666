//! Addresses of the web and of the net: what a URL, a domain pattern and a number mean. Whether
//! one may be reached is the guard's to say.

mod address;
mod domain;
mod web_url;

pub use address::AddressKind;
pub use domain::DomainPattern;
pub use web_url::WebUrl;
