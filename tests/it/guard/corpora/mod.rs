//! Tables of hostile input, each entered as far outside as it can be: addresses, bombs, texts and
//! paths. A line that gets through anywhere is a hole.

mod addresses;
mod bombs;
mod boundaries;
mod folders;
mod spellings;
mod texts;

use std::sync::Arc;

use steward::guard::visit::WebRules;
use steward::net::DomainPattern;

use crate::site::Site;

/// The owner allowed this site, at home as it is, and no other.
fn listed(site: &Site) -> Arc<WebRules> {
    let tier1 = DomainPattern::parse(&site.address.ip().to_string()).unwrap();
    let private_allowed = site.address.to_string().parse().unwrap();
    Arc::new(WebRules {
        tier1: vec![tier1],
        private_allowed: vec![private_allowed],
        ..WebRules::default()
    })
}
