//! The entries of the web whitelist: `example.org`, or `*.example.org` for all names beneath it. A
//! port other than the usual ones is named: `example.org:8443`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::net::WebUrl;

/// An exact host, or every host beneath a domain (not the domain itself).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainPattern {
    /// With its port, if it is not a usual one.
    site: String,
    beneath: bool,
}

impl DomainPattern {
    /// Refuses what belongs to nobody in particular: `*.com`, `co.uk`, `*.github.io`.
    pub fn parse(text: &str) -> Result<DomainPattern> {
        let text = text.trim();
        let (name, beneath) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let url = if name.contains(['/', '@', '?', '#', '*']) { None } else { host_alone(name) };
        let Some(url) = url else {
            return Err(invalid(format!(
                "{text} is not a domain. Write example.org, or *.example.org for all names beneath it."
            )));
        };
        let host = url.host();
        if beneath && url.ip().is_some() {
            return Err(invalid("There are no names beneath a number; leave out the star."));
        }
        if url.ip().is_none() && is_anybodys(host, beneath) {
            return Err(invalid(format!(
                "Under {host} anybody can have a site, so it can't be allowed as a whole. Name the sites."
            )));
        }
        let site = if url.port() == 443 { host.to_owned() } else { url.site() };
        Ok(DomainPattern { site, beneath })
    }

    /// `site` as [`WebUrl::site`] gives it.
    pub fn matches(&self, site: &str) -> bool {
        if self.beneath { self.open_part(site).is_some() } else { site == self.site }
    }

    /// What the star stands for in a site that matches: `a.b` of `a.b.example.org`.
    pub fn open_part<'s>(&self, site: &'s str) -> Option<&'s str> {
        let rest = site.strip_suffix(&self.site).filter(|_| self.beneath)?;
        rest.strip_suffix('.').filter(|part| !part.is_empty())
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.beneath { "*." } else { "" };
        write!(f, "{star}{}", self.site)
    }
}

impl FromStr for DomainPattern {
    type Err = Error;
    fn from_str(text: &str) -> Result<DomainPattern> {
        DomainPattern::parse(text)
    }
}

fn host_alone(text: &str) -> Option<WebUrl> {
    WebUrl::parse(&format!("http://{text}/")).ok()
}

fn is_anybodys(host: &str, beneath: bool) -> bool {
    let Some(suffix) = psl::suffix(host.as_bytes()) else { return false };
    let whole = suffix.as_bytes().len() == host.len();
    // A lone name like `nas` is a machine at home; with a star it would be a top-level domain.
    whole && (suffix.is_known() || beneath)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::invalid("domain", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_and_shown_plain() {
        let table = [
            ("example.org", "example.org"),
            (" Example.ORG. ", "example.org"),
            ("*.example.co.uk", "*.example.co.uk"),
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("*.me.github.io", "*.me.github.io"),
            ("me.github.io", "me.github.io"),
            ("nas", "nas"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]:8080"),
            ("example.org:80", "example.org"),
            ("example.org:443", "example.org"),
            ("*.example.org:8443", "*.example.org:8443"),
        ];
        for (typed, shown) in table {
            assert_eq!(DomainPattern::parse(typed).unwrap().to_string(), shown, "{typed}");
        }
    }

    #[test]
    fn what_belongs_to_everybody_is_refused() {
        let table = [
            "*",
            "*.",
            "*.com",
            "com",
            "co.uk",
            "*.co.uk",
            "*.github.io",
            "github.io",
            "*.nas",
            "*.local",
            "",
            "exa mple.org",
            "a.*.org",
            "*a.org",
            "https://example.org",
            "example.org/a",
            "user@example.org",
            "*.127.0.0.1",
            "*.*.org",
            "рф",
            "*.xn--p1ai",
        ];
        for typed in table {
            assert!(DomainPattern::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_star_covers_names_beneath_and_no_others() {
        let pattern = DomainPattern::parse("*.example.org").unwrap();
        assert_eq!(pattern.open_part("a.b.example.org"), Some("a.b"));
        assert!(!pattern.matches("a.example.org:8443"), "another port is another place");
        for yes in ["a.example.org", "a.b.example.org"] {
            assert!(pattern.matches(yes), "{yes}");
        }
        for no in
            ["example.org", ".example.org", "aexample.org", "example.org.evil.net", "a.example.com"]
        {
            assert!(!pattern.matches(no), "{no}");
        }
    }
}
