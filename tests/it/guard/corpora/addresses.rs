//! However an address at home is written, wherever it comes from, nothing there is reached.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use std::time::Duration;

use serde_json::json;
use steward::error::Result;
use steward::guard::visit::{WebRules, judge_address, judge_url};
use steward::net::{DomainPattern, WebUrl};
use steward::outside::fetch::{FetchLimits, Fetched, Fetcher, Names};
use steward::testing::TestApp;

use super::spellings::{self, NUMBERS, ORDINARY, disguised};
use crate::site::{Site, html, moved, respond};

const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// In a conversation every so manieth spelling is tried.
const STEP: usize = 40;

/// Something that listens at home, by both protocols, and is never to be spoken to.
struct Listener([TcpListener; 2]);

impl Listener {
    fn new() -> Listener {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let v6 = TcpListener::bind(("::1", v4.local_addr().unwrap().port())).unwrap();
        for listener in [&v4, &v6] {
            listener.set_nonblocking(true).unwrap();
        }
        Listener([v4, v6])
    }

    fn port(&self) -> u16 {
        self.0[0].local_addr().unwrap().port()
    }

    fn assert_untouched(&self, by: &str) {
        for listener in &self.0 {
            let knock = listener.accept().map(|(_, from)| from).map_err(|err| err.kind());
            assert_eq!(knock, Err(ErrorKind::WouldBlock), "{by:?} was reached");
        }
    }
}

/// Every name stands for these numbers.
fn fetcher(answer: Vec<IpAddr>) -> Fetcher {
    let limits = FetchLimits { time_max: Duration::from_secs(2), ..FetchLimits::default() };
    Fetcher::new(Names::Pretend(Arc::new(move |_| answer.clone())), limits)
}

/// The owner put this very host on the list, so nothing but its address can speak against it;
/// `allowed` is a place at home that the configuration excepts.
fn rules(text: &str, allowed: Option<&Site>) -> Arc<WebRules> {
    let listed = |host: &str| DomainPattern::parse(host).ok();
    let host = WebUrl::parse(text).ok().and_then(|url| listed(&url.site()));
    let place = allowed.map(|site| site.address);
    let tier1 = host.into_iter().chain(place.and_then(|place| listed(&place.ip().to_string())));
    let private = place.map(|place| place.to_string().parse().unwrap());
    Arc::new(WebRules {
        tier1: tier1.collect(),
        private_allowed: private.into_iter().collect(),
        ..WebRules::default()
    })
}

async fn fetch(fetcher: &Fetcher, text: &str, rules: &Arc<WebRules>) -> Result<Fetched> {
    fetcher.get(judge_url(WebUrl::parse(text)?, rules)?).await
}

/// What spoke against it, without names and numbers.
fn reason(said: &str) -> &str {
    let known = [
        "is not reached from here",
        "is not a web address",
        "can't have spaces",
        "with a name or password",
        "Only http and https",
        "no port 0",
        "is not on the web whitelist",
        // A place on the site that sends us on, or a header that ends where its line does.
        "has no such page",
        "doesn't answer the way websites do",
    ];
    known.into_iter().find(|part| said.contains(part)).unwrap_or(said)
}

#[tokio::test]
async fn a_thousand_spellings_of_private_addresses_reach_nothing() {
    let home = Listener::new();
    let fetcher = fetcher(vec![HOME]);
    let corpus = spellings::all(home.port());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for text in &corpus {
        let fetched = fetch(&fetcher, text, &rules(text, None)).await;
        home.assert_untouched(text);
        let said = fetched.expect_err(text).to_string();
        *reasons.entry(reason(&said).to_owned()).or_default() += 1;
    }
    assert!(corpus.len() >= 1000, "{}", corpus.len());
    insta::assert_debug_snapshot!(reasons, @r#"
    {
        "Only http and https": 49,
        "can't have spaces": 40,
        "is not a web address": 54,
        "is not reached from here": 971,
        "no port 0": 4,
        "with a name or password": 24,
    }
    "#);
}

#[tokio::test]
async fn a_thousand_redirects_to_private_addresses_reach_nothing() {
    let home = Listener::new();
    let corpus = Arc::new(spellings::all(home.port()));
    let places = corpus.clone();
    let site = Site::start(move |path| match path.strip_prefix("/to/").map(str::parse::<usize>) {
        Some(Ok(at)) => moved(&places[at]),
        _ => respond(404, "", ""),
    })
    .await;
    let fetcher = fetcher(vec![HOME]);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (at, text) in corpus.iter().enumerate() {
        let from = site.url(&format!("/to/{at}"));
        let fetched = fetch(&fetcher, &from, &rules(text, Some(&site))).await;
        home.assert_untouched(text);
        let said = fetched.expect_err(text).to_string();
        *reasons.entry(reason(&said).to_owned()).or_default() += 1;
    }
    insta::assert_debug_snapshot!(reasons, @r#"
    {
        "Only http and https": 49,
        "can't have spaces": 28,
        "doesn't answer the way websites do": 12,
        "has no such page": 15,
        "is not a web address": 44,
        "is not on the web whitelist": 1,
        "is not reached from here": 965,
        "no port 0": 4,
        "with a name or password": 24,
    }
    "#);
}

/// A few of them by the way that a model has: the tool for pages, in a conversation of the house.
#[tokio::test]
async fn a_conversation_leads_to_no_spelling_of_a_private_address() {
    let home = Listener::new();
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.app.outside.pretend(fetcher(vec![HOME]), env!("CARGO_BIN_EXE_steward").into());
    let corpus = spellings::all(home.port());
    let mut judged = 0;
    for text in corpus.iter().step_by(STEP) {
        let host = WebUrl::parse(text).ok().map(|url| url.host().to_owned());
        house.post("/api/web-whitelist", &json!({"domain": host.unwrap_or_default()})).await;
        let said = house.ask(&format!("fetch {text}")).await;
        home.assert_untouched(text);
        judged += usize::from(said.contains("is not reached from here"));
    }
    assert!(judged * STEP > corpus.len() / 2, "{judged}");
}

/// The names of a host are asked of somebody else, who may answer anything.
#[tokio::test]
async fn a_name_with_one_private_number_among_its_numbers_reaches_nothing() {
    let home = Listener::new();
    let text = format!("http://example.org:{}/", home.port());
    let rules = rules(&text, None);
    let private = NUMBERS.iter().map(|number| IpAddr::from(*number));
    let dressed = NUMBERS.iter().flat_map(|number| disguised(*number)).map(IpAddr::from);
    let own = ["::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1", "fec0::1"];
    let own = own.map(|ip| ip.parse().unwrap());
    for ip in private.chain(dressed).chain(own) {
        for answer in [vec![ip], vec![PUBLIC, ip], vec![ip, PUBLIC], vec![PUBLIC, PUBLIC, ip]] {
            let said = fetch(&fetcher(answer), &text, &rules).await.unwrap_err().to_string();
            home.assert_untouched(&ip.to_string());
            assert!(said.contains(", and is not reached from here."), "{ip}: {said}");
        }
    }
}

/// A resolver that answers otherwise each time it is asked is asked once a hop, and where a hop was
/// judged is where it goes.
#[tokio::test]
async fn a_name_that_changes_its_number_is_reached_where_each_hop_was_judged() {
    let hop = |path: &str| match path.trim_start_matches('/').parse::<usize>() {
        Ok(5) => html("arrived"),
        Ok(n) => moved(&format!("/{}", n + 1)),
        Err(_) => respond(404, "", ""),
    };
    let even = Site::at("127.0.0.2:0", hop).await;
    let port = even.address.port();
    let odd = Site::at(&format!("127.0.0.3:{port}"), hop).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names = Names::Pretend(Arc::new(move |_| {
        let even = count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        vec![IpAddr::from([127, 0, 0, if even { 2 } else { 3 }])]
    }));
    let rules = Arc::new(WebRules {
        tier1: vec![DomainPattern::parse("flip.example.org").unwrap()],
        private_allowed: vec![format!("flip.example.org:{port}").parse().unwrap()],
        ..WebRules::default()
    });
    let fetcher = Fetcher::new(names, FetchLimits::default());
    let start = format!("http://flip.example.org:{port}/0");
    assert_eq!(fetch(&fetcher, &start, &rules).await.unwrap().body, b"arrived");
    let paths = |site: &Site| -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        site.seen().iter().map(path).collect()
    };
    assert_eq!(paths(&even), ["/0", "/2", "/4"]);
    assert_eq!(paths(&odd), ["/1", "/3", "/5"]);
    assert_eq!(asked.load(Ordering::SeqCst), 6);
}

/// The other side of the tables above: the check is no wall.
#[tokio::test]
async fn ordinary_addresses_are_let_through() {
    for text in ORDINARY {
        let visit = judge_url(WebUrl::parse(text).unwrap(), &rules(text, None)).expect(text);
        let ip = visit.get().url().ip().unwrap_or(PUBLIC);
        let judged = judge_address(&visit, ip).expect(text);
        assert_eq!((judged.ip(), judged.port()), (ip, visit.get().url().port()), "{text}");
    }
    let site = Site::start(|_| html("hello")).await;
    let text = format!("http://example.org:{}/", site.address.port());
    let except = format!("example.org:{}", site.address.port()).parse().unwrap();
    let rules = Arc::new(WebRules {
        private_allowed: vec![except],
        ..WebRules::clone(&rules(&text, None))
    });
    assert_eq!(fetch(&fetcher(vec![HOME]), &text, &rules).await.unwrap().body, b"hello");
}
