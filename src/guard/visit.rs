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

/// Below it, a port stands for one thing (mail, remote shells), and for pages only its scheme's own.
const LOW_PORTS: u16 = 1024;

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
    /// What opens it: an entry for its host and port, or one for its host where the configuration
    /// names the port.
    pub(super) fn pattern(&self, url: &WebUrl) -> Option<&DomainPattern> {
        let (site, host) = (url.site(), self.excepts(url).then(|| url.host()));
        let opens =
            |it: &&DomainPattern| it.matches(&site) || host.is_some_and(|host| it.matches(host));
        self.tier1.iter().chain(&self.opened).find(opens)
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
        let (port, usual) = (url.port(), if url.is_encrypted() { 443 } else { 80 });
        let odd = port < LOW_PORTS && port != usual;
        odd.then(|| format!("Port {port} is not one that such pages are served on."))
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
        let site = url.site();
        return Err(Error::Denied(format!(
            "{site} is not on the web whitelist. Add it under Whitelists, or open it for this conversation."
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
        Some(why) if !excepted => {
            let opened_by = match reach {
                Reach::Web(_) => exception(url, kind),
                Reach::Service(_) => String::new(),
            };
            Err(Error::Denied(format!("{} {opened_by}", refused(url, ip, why)).trim_end().into()))
        }
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
        // Whoever sends us on would reach what stands in the house through us.
        Reach::Web(rules) if rules.excepts(&next) && !is_of(&next, url) => {
            let (from, to) = (url.host(), next.site());
            let reason = format!("{from} sends us on to {to} in the house; that is not followed.");
            Err(Error::Denied(reason))
        }
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
    // Without a port it stands for each that is excepted.
    let any_port = url.site() == url.host();
    let names = |it: &HostPort| it.host == bare_host(&url) && (any_port || it.port == url.port());
    (!private_allowed.iter().any(names)).then(|| refused(&url, ip, why))
}

/// What opens an address of the home network, for who asked for it; "" for any other.
pub(super) fn opened_by(url: &WebUrl, rules: &WebRules) -> String {
    let opened_by = url.ip().map_or_else(String::new, |ip| exception(url, AddressKind::of(ip)));
    if opened_by.is_empty() || rules.pattern(url).is_some() {
        return opened_by;
    }
    format!(
        "{opened_by} Then add {} under Whitelists, or open it for the conversation.",
        url.site()
    )
}

/// What opens this machine by its name, beside the whitelist; "" for any other.
pub(super) fn opened_by_name(url: &WebUrl, rules: &WebRules) -> String {
    let is_here = url.host() == "localhost" || url.host().ends_with(".localhost");
    match is_here && !rules.excepts(url) {
        true => format!("It is this machine, too. {}", place_of(url).as_exception()),
        false => String::new(),
    }
}

fn exception(url: &WebUrl, kind: AddressKind) -> String {
    let is_home = kind.can_be_at_home() && kind.refusal().is_some();
    if is_home { place_of(url).as_exception() } else { String::new() }
}

fn place_of(url: &WebUrl) -> HostPort {
    HostPort { host: bare_host(url).to_owned(), port: url.port() }
}

/// Whether both are of one origin.
fn is_of(url: &WebUrl, other: &WebUrl) -> bool {
    url.to_url().origin() == other.to_url().origin()
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
