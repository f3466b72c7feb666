//! A web address, read strictly: what is judged is what is fetched, and what a person sees.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};

const LENGTH_MAX: usize = 2048;
/// RFC 1035.
const HOST_LENGTH_MAX: usize = 253;
const LABEL_LENGTH_MAX: usize = 63;

/// `http` or `https`, a host, no name or password, no fragment. Names are in ASCII (`xn--…`), so
/// two that look alike are seen to differ; numbers are in their plain form whatever was typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl(Url);

impl WebUrl {
    /// Reads what a person, a page or a model wrote. A bare `example.org/page` is taken as https, but for
    /// one with port 80.
    pub fn parse(text: &str) -> Result<WebUrl> {
        let text = text.trim();
        check_text(text)?;
        let with_scheme = match looks_bare(text) {
            true if host_of(text).ends_with(":80") => format!("http://{text}"),
            true => format!("https://{text}"),
            false => text.to_owned(),
        };
        let url = Url::parse(&with_scheme).map_err(|_| not_an_address(text))?;
        WebUrl::check(url)
    }

    /// Where a link or redirect on this page leads.
    pub fn join(&self, link: &str) -> Result<WebUrl> {
        let link = link.trim();
        check_text(link)?;
        let url = self.0.join(link).map_err(|_| not_an_address(link))?;
        WebUrl::check(url)
    }

    fn check(mut url: Url) -> Result<WebUrl> {
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme();
            return Err(invalid(format!(
                "Only http and https pages can be fetched, not {scheme}."
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("A web address with a name or password in it is not fetched."));
        }
        if url.port() == Some(0) {
            return Err(invalid("There is no port 0."));
        }
        url.set_fragment(None);
        drop_final_dot(&mut url)?;
        if url.as_str().len() > LENGTH_MAX {
            return Err(too_long());
        }
        Ok(WebUrl(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name in ASCII, or the number; IPv6 in brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The host, and its port where it is not the one that the scheme stands for: what is reached.
    pub fn site(&self) -> String {
        match self.0.port() {
            None => self.host().to_owned(),
            Some(port) => format!("{}:{port}", self.host()),
        }
    }

    /// A site's first page: no path and no query.
    pub fn is_bare(&self) -> bool {
        self.0.path() == "/" && self.0.query().is_none()
    }

    /// When the host is a number and nothing needs to be looked up.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
            Host::Domain(_) => None,
        }
    }

    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.0.path()
    }

    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn to_url(&self) -> Url {
        self.0.clone()
    }

    /// The same address with `name=value` added to its query.
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> Result<WebUrl> {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        WebUrl::check(url)
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The parser would silently drop tabs and newlines, and turn `\` into `/`; what then is fetched is
/// not what was shown.
fn check_text(text: &str) -> Result<()> {
    if text.len() > LENGTH_MAX {
        return Err(too_long());
    }
    if text.is_empty() {
        return Err(invalid("Which address? Give it whole, like https://example.org/page."));
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(invalid("A web address can't have spaces, line breaks or backslashes in it."));
    }
    Ok(())
}

fn looks_bare(text: &str) -> bool {
    let host = host_of(text);
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let named = name.contains('.') && !name.contains([':', '@', '[']);
    named && port.chars().all(|c| c.is_ascii_digit())
}

fn host_of(text: &str) -> &str {
    text.split(['/', '?', '#']).next().unwrap_or_default()
}

fn drop_final_dot(url: &mut Url) -> Result<()> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    let name = name.strip_suffix('.').unwrap_or(name).to_owned();
    let fits = |label: &str| !label.is_empty() && label.len() <= LABEL_LENGTH_MAX;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() > HOST_LENGTH_MAX || !name.split('.').all(fits) || !name.chars().all(plain) {
        return Err(invalid(format!("{name} is not the name of a website.")));
    }
    url.set_host(Some(&name)).map_err(|_| not_an_address(&name))
}

fn not_an_address(text: &str) -> Error {
    let start: String = text.chars().take(80).collect();
    invalid(format!("{start} is not a web address. Give it whole, like https://example.org/page."))
}

fn too_long() -> Error {
    invalid(format!("That web address is longer than {LENGTH_MAX} characters."))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::invalid("url", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_come_out_plain() {
        let table = [
            ("https://Example.ORG", "https://example.org/"),
            ("  http://example.org:80/a  ", "http://example.org/a"),
            ("https://example.org:443", "https://example.org/"),
            ("https://example.org./a#b", "https://example.org/a"),
            ("example.org/a?b", "https://example.org/a?b"),
            ("example.org:8443/a", "https://example.org:8443/a"),
            ("example.org:80/a", "http://example.org/a"),
            ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
            ("http://xn--mnchen-3ya.de/", "http://xn--mnchen-3ya.de/"),
            // Cyrillic а: seen to be another name.
            ("http://pаypal.com", "http://xn--pypal-4ve.com/"),
            ("http://ｅxample。org/", "http://example.org/"),
            ("http://0x7f.0.0.1", "http://127.0.0.1/"),
            ("http://0177.1", "http://127.0.0.1/"),
            ("http://2130706433", "http://127.0.0.1/"),
            ("http://127.0.0.1.", "http://127.0.0.1/"),
            ("http://①②⑦.⓪.⓪.①/", "http://127.0.0.1/"),
            ("http://%6c%6f%63%61%6c%68%6f%73%74/", "http://localhost/"),
            ("http://[0:0::1]/", "http://[::1]/"),
            ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
            ("http:example.org", "http://example.org/"),
            ("http:////example.org/a", "http://example.org/a"),
            ("https://example.org/a/../../b", "https://example.org/b"),
        ];
        for (typed, plain) in table {
            assert_eq!(WebUrl::parse(typed).unwrap().as_str(), plain, "{typed}");
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        let long = format!("https://example.org/{}", "a".repeat(LENGTH_MAX));
        let label = format!("https://{}.org/", "a".repeat(64));
        let table = [
            "",
            "   ",
            "ftp://example.org",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,hi",
            "gopher://127.0.0.1",
            "http://",
            "https:///",
            "http://user@a.org",
            "http://user:pw@a.org",
            "http://a.org:pw@b.org",
            "http://:pw@b.org",
            "http://a.org:0",
            "http://a.org:99999",
            "http://a.org:x",
            "http://a..org",
            "http://.a.org",
            "http://a.org..",
            "http://a b.org",
            "http://a.org/\tb",
            "http://a.org/\nb",
            "http:\\\\a.org\\b",
            "http://a.org\\@b.org",
            "http://[::1",
            "http://[fe80::1%25eth0]/",
            "http://256.1.1.1",
            "http://1.2.3.4.5",
            "http://0x100000000",
            "http://a.org%00.b.org",
            "http://a.org%2fb",
            "mailto:a@b.org",
            "a@b.org",
            "http://exa*mple.org",
            "http://a,b.org",
            "hello",
            &long,
            &label,
        ];
        for typed in table {
            assert!(WebUrl::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_site_is_its_host_and_any_port_but_the_usual_one() {
        for (typed, site, bare) in [
            ("https://example.org", "example.org", true),
            ("https://example.org:443/?", "example.org", false),
            ("http://example.org:443/", "example.org:443", true),
            ("http://[::1]:8080/a", "[::1]:8080", false),
        ] {
            let url = WebUrl::parse(typed).unwrap();
            assert_eq!((url.site().as_str(), url.is_bare()), (site, bare), "{typed}");
        }
    }

    #[test]
    fn a_query_is_added_escaped() {
        let url = WebUrl::parse("http://a.org/search?lang=en").unwrap();
        let url = url.with_query(&[("q", "a&b=c #d")]).unwrap();
        assert_eq!(url.as_str(), "http://a.org/search?lang=en&q=a%26b%3Dc+%23d");
    }
}
