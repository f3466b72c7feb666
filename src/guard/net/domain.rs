//! The entries of the web whitelist: `example.org`, or `*.example.org` for all names beneath it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::guard::net::WebUrl;

/// An exact host, or every host beneath a domain (not the domain itself).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainPattern {
    host: String,
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
        let host = url.host().to_owned();
        if beneath && url.ip().is_some() {
            return Err(invalid("There are no names beneath a number; leave out the star."));
        }
        if url.ip().is_none() && is_anybodys(&host, beneath) {
            return Err(invalid(format!(
                "Under {host} anybody can have a site, so it can't be allowed as a whole. Name the sites."
            )));
        }
        Ok(DomainPattern { host, beneath })
    }

    /// `host` as [`WebUrl::host`] gives it.
    pub fn matches(&self, host: &str) -> bool {
        if !self.beneath {
            return host == self.host;
        }
        host.strip_suffix(&self.host).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.beneath { "*." } else { "" };
        write!(f, "{star}{}", self.host)
    }
}

impl FromStr for DomainPattern {
    type Err = Error;
    fn from_str(text: &str) -> Result<DomainPattern> {
        DomainPattern::parse(text)
    }
}

/// One server on the home network, as in `[guard] private_allowed`: `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    pub fn parse(text: &str) -> Result<HostPort> {
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let url = if text.contains(['/', '@', '?', '#']) { None } else { host_alone(text) };
        match (url, port) {
            (Some(url), Some(port)) => Ok(HostPort { host: url.host().to_owned(), port }),
            _ => Err(Error::invalid(
                "private_allowed",
                format!("{text} is not a host and port. Write it like 192.168.1.5:8080."),
            )),
        }
    }

    pub(super) fn of(url: &WebUrl) -> HostPort {
        HostPort { host: url.host().to_owned(), port: url.port() }
    }

    pub(super) fn is(&self, url: &WebUrl) -> bool {
        self.host == url.host() && self.port == url.port()
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
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
        for yes in ["a.example.org", "a.b.example.org"] {
            assert!(pattern.matches(yes), "{yes}");
        }
        for no in
            ["example.org", ".example.org", "aexample.org", "example.org.evil.net", "a.example.com"]
        {
            assert!(!pattern.matches(no), "{no}");
        }
    }

    #[test]
    fn a_home_server_needs_its_port() {
        assert_eq!(HostPort::parse("NAS:8080").unwrap().to_string(), "nas:8080");
        assert_eq!(HostPort::parse("[::1]:80").unwrap().to_string(), "[::1]:80");
        for bad in ["nas", "nas:", "nas:x", "nas:99999", "http://nas:80", "[::1]", "a/b:80", ":80"]
        {
            assert!(HostPort::parse(bad).is_err(), "{bad}");
        }
    }
}
