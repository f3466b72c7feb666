//! What is told to a person over a channel of their own: to the one server that they set up, these
//! very bytes.
//!
//! Whose word opens the home network? An admin's, as with every other server in a setting. What
//! anybody else enters, and what a browser hands in for itself, is reached on the public internet
//! alone, but for the exceptions that the configuration file makes.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::HostPort;
use crate::error::Result;
use crate::guard::allowed::Allowed;
use crate::guard::visit::{Visit, WebRules, judge_service, judge_url};
use crate::net::{DomainPattern, WebUrl};
use crate::secret::Secret;

/// One message as it is sent: a POST of this body.
pub struct Delivery {
    visit: Allowed<Visit>,
    letter: Letter,
}

impl Delivery {
    pub fn visit(&self) -> &Allowed<Visit> {
        &self.visit
    }

    pub fn headers(&self) -> &[(&'static str, Secret)] {
        &self.letter.headers
    }

    pub fn body(&self) -> &[u8] {
        &self.letter.body
    }
}

/// What would be sent, before anybody judged it.
pub struct Letter {
    pub url: WebUrl,
    pub headers: Vec<(&'static str, Secret)>,
    pub body: Zeroizing<Vec<u8>>,
}

/// To the server that an admin entered, `saved`; it may be at home, and nothing else is reached.
pub fn judge_entered(letter: Letter, saved: &WebUrl) -> Result<Allowed<Delivery>> {
    let visit = judge_service(letter.url.clone(), saved)?;
    Ok(Allowed::mint(Delivery { visit, letter }))
}

/// To a server that somebody else named: a public one, or one that the configuration excepts.
pub fn judge_named(letter: Letter, private_allowed: &[HostPort]) -> Result<Allowed<Delivery>> {
    let site = DomainPattern::parse(&letter.url.site())?;
    let private_allowed = private_allowed.to_vec();
    let rules = WebRules { tier1: vec![site], private_allowed, ..WebRules::default() };
    let visit = judge_url(letter.url.clone(), &Arc::new(rules))?;
    Ok(Allowed::mint(Delivery { visit, letter }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(url: &str) -> Letter {
        let url = WebUrl::parse(url).unwrap();
        Letter { url, headers: Vec::new(), body: Zeroizing::default() }
    }

    #[test]
    fn only_an_admins_word_opens_the_home_network() {
        let home = "http://192.168.1.9:2586/";
        let saved = WebUrl::parse(home).unwrap();
        assert!(judge_entered(letter(home), &saved).is_ok());
        assert!(judge_entered(letter("http://192.168.1.8:2586/"), &saved).is_err());
        let refusal = judge_named(letter(home), &[]).err().unwrap().to_string();
        assert!(refusal.contains("not reached from here"), "{refusal}");
        let excepted = ["192.168.1.9:2586".parse().unwrap()];
        assert!(judge_named(letter(home), &excepted).is_ok());
        assert!(judge_named(letter("https://push.example.org:8443/x"), &[]).is_ok());
    }
}
