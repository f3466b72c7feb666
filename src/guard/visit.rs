//! Which addresses of the web may be reached: the owner's list, and never the home network.
//!
//! Two questions, asked apart. [`judge_url`]: is this host on the owner's list, or opened in this
//! conversation? [`judge_address`]: is the number that the name stands for a public one? The answer
//! to the first is an [`Allowed<Visit>`], which carries its own rules, so that every redirect is
//! judged by the very rules the first address was judged by.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::config::HostPort;
use crate::error::{Error, Result};
use crate::guard::allowed::Allowed;
use crate::net::{AddressKind, DomainPattern, WebUrl};

/// Ports below 1024 that speak the web; the others (mail, remote shells) are no pages.
const LOW_PORTS: [u16; 2] = [80, 443];

/// What a run may reach, gathered before it is asked.
#[derive(Debug, Clone, Default)]
pub struct WebRules {
    /// The whitelist: always reachable.
    pub tier1: Vec<DomainPattern>,
    /// Opened by the owner for this conversation only.
    pub opened: Vec<DomainPattern>,
    /// `[guard] private_allowed`: the exceptions on the home network.
    pub private_allowed: Vec<HostPort>,
}

impl WebRules {
    /// The entry that opens this host.
    pub(super) fn pattern(&self, url: &WebUrl) -> Option<&DomainPattern> {
        self.tier1.iter().chain(&self.opened).find(|pattern| pattern.matches(url.host()))
    }

    fn excepts(&self, url: &WebUrl) -> bool {
        self.private_allowed.iter().any(|exception| is_at(url, exception))
    }

    /// Why no list opens this address: it is a number at home or of no use, or a port for something
    /// else, and the configuration makes no exception of it.
    pub(super) fn closes(&self, url: &WebUrl) -> Option<String> {
        if self.excepts(url) {
            return None;
        }
        if let Some(ip) = url.ip()
            && let Some(why) = AddressKind::of(ip).refusal()
        {
            return Some(refused(url, ip, why));
        }
        let port = url.port();
        let odd = port < 1024 && !LOW_PORTS.contains(&port);
        odd.then(|| format!("Port {port} is not one that pages are served on."))
    }
}

/// One address to fetch, with the rules it passed.
#[derive(Debug)]
pub struct Visit {
    url: WebUrl,
    reach: Reach,
}

#[derive(Debug, Clone)]
enum Reach {
    Web(Arc<WebRules>),
    /// A server that the owner named in a setting; it may be at home, and nothing else is reached.
    Service(HostPort),
}

impl Visit {
    pub fn url(&self) -> &WebUrl {
        &self.url
    }
}

/// May this page be fetched? A host that is on no list is refused, with what the owner can do.
pub fn judge_url(url: WebUrl, rules: &Arc<WebRules>) -> Result<Allowed<Visit>> {
    if let Some(why) = rules.closes(&url) {
        return Err(Error::Denied(why));
    }
    if rules.pattern(&url).is_none() {
        let host = url.host();
        return Err(Error::Denied(format!(
            "{host} is not on the web whitelist. Add it under Whitelists, or open it for this conversation."
        )));
    }
    Ok(Allowed::mint(Visit { url, reach: Reach::Web(Arc::clone(rules)) }))
}

/// May this be reached as the service whose address the owner entered? `saved` is that address as it
/// stands in its setting; only what lies on that server, beneath that path, is the service.
pub fn judge_service(url: WebUrl, saved: &WebUrl) -> Result<Allowed<Visit>> {
    let service = place_of(saved);
    let path = saved.path().trim_end_matches('/');
    let beneath =
        url.path().strip_prefix(path).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    if !is_at(&url, &service) || url.is_encrypted() != saved.is_encrypted() || !beneath {
        let (asked, saved) = (url.host(), saved.host());
        let reason = format!("{asked} is not reached with what was entered for {saved}.");
        return Err(Error::Denied(reason));
    }
    Ok(Allowed::mint(Visit { url, reach: Reach::Service(service) }))
}

/// May a connection for this visit go to this number? What comes back is what to connect to.
pub fn judge_address(visit: &Allowed<Visit>, ip: IpAddr) -> Result<SocketAddr> {
    let Visit { url, reach } = visit.get();
    let kind = AddressKind::of(ip);
    let excepted = match reach {
        Reach::Service(_) => kind.can_be_a_server(),
        Reach::Web(rules) => rules.excepts(url) && kind.can_be_at_home(),
    };
    match kind.refusal() {
        Some(why) if !excepted => Err(Error::Denied(refused(url, ip, why))),
        _ => Ok(SocketAddr::new(ip, url.port())),
    }
}

/// May the page send us on to `location` (absolute, or relative to where it was)?
pub fn judge_redirect(from: &Allowed<Visit>, location: &str) -> Result<Allowed<Visit>> {
    let Visit { url, reach } = from.get();
    let next = url.join(location)?;
    if url.is_encrypted() && !next.is_encrypted() {
        let host = url.host();
        return Err(Error::Denied(format!(
            "{host} sends us on from an encrypted page to one that is not; that is not followed."
        )));
    }
    match reach {
        Reach::Web(rules) => judge_url(next, rules).map_err(|err| sent_on(url, &err)),
        Reach::Service(service) if is_at(&next, service) => {
            Ok(Allowed::mint(Visit { url: next, reach: reach.clone() }))
        }
        Reach::Service(_) => Err(Error::Denied(format!(
            "{} sends us on to {}, which is another server. Put the right address into the setting.",
            url.host(),
            next.host()
        ))),
    }
}

/// Why naming this site would open nothing: it is a number at home or of no use, and the
/// configuration makes no exception of it.
pub fn never_reached(site: &DomainPattern, private_allowed: &[HostPort]) -> Option<String> {
    let url = WebUrl::parse(&format!("http://{site}/")).ok()?;
    let ip = url.ip()?;
    let why = AddressKind::of(ip).refusal()?;
    let excepted = private_allowed.iter().any(|exception| exception.host == bare_host(&url));
    (!excepted).then(|| refused(&url, ip, why))
}

/// What opens an address of the home network, for who asked for it; "" for any other.
pub(super) fn opened_by(url: &WebUrl) -> String {
    let kind = url.ip().map(AddressKind::of);
    let home = kind.is_some_and(|it| it.can_be_at_home() && it.refusal().is_some());
    if home { place_of(url).as_exception() } else { String::new() }
}

fn place_of(url: &WebUrl) -> HostPort {
    HostPort { host: bare_host(url).to_owned(), port: url.port() }
}

fn is_at(url: &WebUrl, place: &HostPort) -> bool {
    place.host == bare_host(url) && place.port == url.port()
}

/// As [`HostPort`] spells it: IPv6 without brackets.
fn bare_host(url: &WebUrl) -> &str {
    url.host().trim_start_matches('[').trim_end_matches(']')
}

fn sent_on(from: &WebUrl, refusal: &Error) -> Error {
    Error::Denied(format!("{} sends us on to another place. {refusal}", from.host()))
}

fn refused(url: &WebUrl, ip: IpAddr, why: &str) -> String {
    let host = url.host();
    let place = if url.ip().is_some() { host.to_owned() } else { format!("{host} ({ip})") };
    format!("{place} is {why}, and is not reached from here.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(tier1: &[&str], private: &[&str]) -> Arc<WebRules> {
        let pattern = |text: &&str| DomainPattern::parse(text).unwrap();
        let private = private.iter().map(|text| text.parse().unwrap()).collect();
        let tier1 = tier1.iter().map(pattern).collect();
        Arc::new(WebRules { tier1, opened: Vec::new(), private_allowed: private })
    }

    fn judge(url: &str, rules: &Arc<WebRules>) -> Result<Allowed<Visit>> {
        judge_url(WebUrl::parse(url)?, rules)
    }

    fn said<T>(answer: Result<T>) -> String {
        answer.err().map(|err| err.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_listed_hosts_are_reached() {
        let rules = rules(&["example.org", "*.example.net"], &[]);
        assert!(judge("https://example.org/a", &rules).is_ok());
        assert!(judge("https://EXAMPLE.org./a", &rules).is_ok());
        assert!(judge("https://a.b.example.net", &rules).is_ok());
        for other in ["https://www.example.org", "https://example.net", "https://badexample.org"] {
            assert!(said(judge(other, &rules)).contains("not on the web whitelist"), "{other}");
        }
        assert!(said(judge("http://example.org:25/", &rules)).contains("Port 25"));
    }

    #[test]
    fn a_host_opened_in_the_conversation_is_reached() {
        let opened = vec![DomainPattern::parse("example.com").unwrap()];
        let rules = Arc::new(WebRules { opened, ..WebRules::default() });
        assert!(judge("https://example.com/", &rules).is_ok());
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        let spellings = "
            http://127.0.0.1/ http://127.1/ http://2130706433/ http://0x7f000001/
            http://0177.0.0.1/ http://0x7f.1/ http://127.0.0.1./ http://①②⑦.0.0.1/
            http://%31%32%37.0.0.1/ http://[::1]/ http://[::ffff:127.0.0.1]/
            http://[::127.0.0.1]/ http://[0:0:0:0:0:ffff:7f00:1]/ http://0/
            http://[64:ff9b::7f00:1]/ http://[2002:7f00:1::]/ http://[fe80::1]/
            http://169.254.169.254/latest/ http://2852039166/ http://[fd00:ec2::254]/
            http://10.0.0.1/ http://192.168.1.1/ http://172.16.0.1/ http://100.64.0.1/
        ";
        for spelling in spellings.split_whitespace() {
            let url = WebUrl::parse(spelling).unwrap();
            let listed = DomainPattern::parse(url.host()).unwrap();
            let rules = Arc::new(WebRules { tier1: vec![listed], ..WebRules::default() });
            let answer = said(judge_url(url, &rules));
            assert!(answer.contains("not reached from here"), "{spelling}: {answer}");
        }
    }

    #[test]
    fn a_name_that_turns_into_a_private_number_is_refused() {
        let visit = judge("https://example.org/", &rules(&["example.org"], &[])).unwrap();
        assert!(judge_address(&visit, "93.184.215.14".parse().unwrap()).is_ok());
        assert_eq!(
            said(judge_address(&visit, "127.0.0.1".parse().unwrap())),
            "example.org (127.0.0.1) is this machine itself, and is not reached from here."
        );
    }

    #[test]
    fn an_exception_holds_for_its_host_and_port_alone() {
        let rules =
            rules(&["127.0.0.1", "nas.example.org"], &["127.0.0.1:8080", "nas.example.org:80"]);
        assert!(judge("http://127.0.0.1:8080/", &rules).is_ok());
        assert!(judge("http://127.0.0.1:8081/", &rules).is_err());
        let nas = judge("http://nas.example.org/", &rules).unwrap();
        assert!(judge_address(&nas, "192.168.1.5".parse().unwrap()).is_ok());
        assert!(judge_address(&nas, "169.254.169.254".parse().unwrap()).is_err());
        assert!(judge_address(&nas, "224.0.0.1".parse().unwrap()).is_err());
        let other = judge("https://nas.example.org/", &rules).unwrap();
        assert!(judge_address(&other, "192.168.1.5".parse().unwrap()).is_err());
    }

    #[test]
    fn a_redirect_is_judged_like_the_first_address() {
        let rules = rules(&["example.org", "127.0.0.1"], &[]);
        let from = judge("https://example.org/a/b", &rules).unwrap();
        let to = judge_redirect(&from, "../c?d=1").unwrap();
        assert_eq!(to.get().url().as_str(), "https://example.org/c?d=1");
        let bad = "http://127.0.0.1/ https://127.0.0.1/ //evil.example/ ftp://example.org/ \
                   http://example.org/ https://user@example.org/ file:///etc/passwd";
        for bad in bad.split_whitespace() {
            assert!(judge_redirect(&from, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_reaches_its_own_server_alone() {
        let parse = |text: &str| WebUrl::parse(text).unwrap();
        let saved = parse("http://searx.home:8888/search");
        for other in [
            "http://searx.home:8889/search",
            "https://searx.home:8888/search",
            "http://other.home:8888/search",
            "http://searx.home:8888/searching",
            "http://searx.home:8888/search/../admin",
            "http://searx.home:8888/",
        ] {
            assert!(judge_service(parse(other), &saved).is_err(), "{other}");
        }
        let visit = judge_service(parse("http://searx.home:8888/search?q=a"), &saved).unwrap();
        assert!(judge_address(&visit, "192.168.1.9".parse().unwrap()).is_ok());
        assert!(judge_address(&visit, "224.0.0.9".parse().unwrap()).is_err());
        assert!(judge_redirect(&visit, "/search?q=a").is_ok());
        assert!(judge_redirect(&visit, "http://searx.home:22/").is_err());
        assert!(judge_redirect(&visit, "http://other.home:8888/").is_err());
    }
}
