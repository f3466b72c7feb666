//! Pages from servers that lie, dawdle, redirect and explode.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use steward::error::Result;
use steward::guard::visit::{WebRules, judge_url};
use steward::net::{DomainPattern, WebUrl};
use steward::outside::fetch::{FetchLimits, Fetcher, Names, Page, read_page};
use steward::outside::sandbox::Sandbox;
use steward::outside::search::{SearchService, search};
use steward::secret::Secret;
use steward::testing::TestApp;

use crate::site::{Site, html, moved, respond};

/// 300,000 times the letter a (gzip, base64), without the long run of zeros in its middle.
const PACKED: [&str; 2] = ["H4sIAAAAAAACA+3BAQ0AAADCoKzvX8IeDig", "PgxX/JO9OCTBAA="];
const PACKED_ZEROS: usize = 386;

fn rules(tier1: &[&str], private: &[String]) -> Arc<WebRules> {
    let tier1 = tier1.iter().map(|text| DomainPattern::parse(text).unwrap()).collect();
    let private_allowed = private.iter().map(|text| text.parse().unwrap()).collect();
    Arc::new(WebRules { tier1, private_allowed, ..WebRules::default() })
}

/// Loopback is allowed for this site alone.
fn rules_for(site: &Site) -> Arc<WebRules> {
    rules(&["127.0.0.1"], &[site.address.to_string()])
}

async fn fetch_with(fetcher: &Fetcher, url: &str, rules: &Arc<WebRules>) -> Result<Page> {
    let visit = judge_url(WebUrl::parse(url)?, rules)?;
    let sandbox = Sandbox::probe(env!("CARGO_BIN_EXE_steward").into()).await;
    read_page(fetcher.get(visit).await?, &sandbox).await
}

async fn fetch(site: &Site, path: &str) -> String {
    said(fetch_with(&Fetcher::default(), &site.url(path), &rules_for(site)).await)
        .replace(&site.address.port().to_string(), "PORT")
}

fn said(page: Result<Page>) -> String {
    match page {
        Ok(page) => format!("{} | {} | {}", page.url, page.title, page.text),
        Err(err) => err.to_string(),
    }
}

/// The first look-up says one thing, all later ones another.
fn flipping(first: &str, later: &str) -> (Names, Arc<AtomicUsize>) {
    let (first, later): (IpAddr, IpAddr) = (first.parse().unwrap(), later.parse().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names = Names::Pretend(Arc::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => vec![first],
        _ => vec![later],
    }));
    (names, asked)
}

#[tokio::test]
async fn page_is_read_as_text_with_its_title() {
    let site =
        Site::start(|_| html("<title>Hours</title><p>Nine to five. <a href=/map>Map</a></p>"))
            .await;
    insta::assert_snapshot!(fetch(&site, "/a").await, @"http://127.0.0.1:PORT/a | Hours | Nine to five. [Map](http://127.0.0.1:PORT/map)");
    let head = site.seen().concat().to_lowercase();
    assert!(!head.contains("cookie") && !head.contains("referer"), "{head}");
}

#[tokio::test]
#[ignore = "needs bubblewrap; tests/run has it"]
async fn text_json_feed_and_pdf_are_read() {
    let site = Site::start(|path| match path {
        "/text" => respond(200, "content-type: text/plain\r\n", "gr\u{1b}[31müße\u{202e}"),
        "/json" => respond(200, "content-type: application/ld+json\r\n", r#"{"a": 1}"#),
        "/feed" => respond(
            200,
            "content-type: application/rss+xml\r\n",
            "<rss><item><title>One</title></item></rss>",
        ),
        "/odd" => respond(200, "", "plain words"),
        _ => {
            let pdf = crate::sandbox::pdf(crate::sandbox::WORDS, "", crate::sandbox::ONE_PAGE);
            respond(200, "content-type: application/pdf\r\n", pdf)
        }
    })
    .await;
    let mut read = Vec::new();
    for path in ["/text", "/json", "/feed", "/odd", "/pdf"] {
        read.push(fetch(&site, path).await);
    }
    insta::assert_snapshot!(read.join("\n"), @r#"
    http://127.0.0.1:PORT/text |  | grüße
    http://127.0.0.1:PORT/json |  | {"a": 1}
    http://127.0.0.1:PORT/feed |  | - **One**
    http://127.0.0.1:PORT/odd |  | plain words
    http://127.0.0.1:PORT/pdf |  | Boiler serviced in May
    "#);
}

#[tokio::test]
async fn what_can_not_be_read_is_said() {
    let site = Site::start(|path| match path {
        "/image" => respond(200, "content-type: image/png\r\n", "x"),
        "/binary" => respond(200, "content-type: application/octet-stream\r\n", b"\x7fELF\x00\x01"),
        "/blank" => html("<p hidden>nothing to see</p>"),
        "/gone" => respond(404, "", ""),
        "/busy" => respond(503, "", ""),
        "/packed" => respond(200, "content-type: text/plain\r\ncontent-encoding: br\r\n", "x"),
        "/cut" => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec(),
        "/noise" => b"\x00\x01\x02\r\n\r\n".to_vec(),
        "/headers" => respond(200, &"x: y\r\n".repeat(5000), "x"),
        _ => Vec::new(),
    })
    .await;
    let mut read = Vec::new();
    for path in [
        "/image", "/binary", "/blank", "/gone", "/busy", "/packed", "/cut", "/noise", "/headers",
        "/empty",
    ] {
        read.push(format!("{path}: {}", fetch(&site, path).await));
    }
    insta::assert_snapshot!(read.join("\n"), @r"
    /image: 127.0.0.1 sent a file of the kind image/png, and only pages, text, feeds and PDF can be read.
    /binary: 127.0.0.1 sent a file of the kind application/octet-stream, and only pages, text, feeds and PDF can be read.
    /blank: 127.0.0.1 sent a page without readable text.
    /gone: 127.0.0.1 has no such page (status 404).
    /busy: 127.0.0.1 has trouble of its own; try again later (status 503).
    /packed: 127.0.0.1 packs its pages in a way we did not ask for.
    /cut: 127.0.0.1 broke off in the middle; try again later.
    /noise: 127.0.0.1 doesn't answer the way websites do.
    /headers: 127.0.0.1 doesn't answer the way websites do.
    /empty: 127.0.0.1 doesn't answer the way websites do.
    ");
}

#[tokio::test]
async fn redirect_to_a_private_address_is_not_followed() {
    let inner = Site::start(|_| html("the keys of the house")).await;
    let inner_url = inner.url("/keys");
    let outer = Site::start(move |path| match path {
        "/plain" => moved(&inner_url),
        "/scheme" => moved("file:///etc/passwd"),
        "/slashes" => moved("//169.254.169.254/latest/meta-data"),
        "/listed" => moved("http://localhost:8443/"),
        "/odd" => moved("http://2130706433:1/"),
        "/on" => moved("end?a=b"),
        _ => html("the end"),
    })
    .await;
    let mut read = Vec::new();
    for path in ["/plain", "/scheme", "/slashes", "/listed", "/odd", "/on"] {
        let said = fetch(&outer, path).await.replace(&inner.address.port().to_string(), "INNER");
        read.push(format!("{path}: {said}"));
    }
    insta::assert_snapshot!(read.join("\n"), @r"
    /plain: 127.0.0.1 sends us on to another place. 127.0.0.1 is this machine itself, and is not reached from here.
    /scheme: Only http and https pages can be fetched, not file.
    /slashes: 127.0.0.1 sends us on to another place. 169.254.169.254 is a cloud's address for handing out keys, and is not reached from here.
    /listed: 127.0.0.1 sends us on to another place. localhost:8443 is not on the web whitelist. Add it under Whitelists, or open it for this conversation.
    /odd: 127.0.0.1 sends us on to another place. 127.0.0.1 is this machine itself, and is not reached from here.
    /on: http://127.0.0.1:PORT/end?a=b |  | the end
    ");
    assert_eq!(inner.seen().len(), 0);
}

#[tokio::test]
async fn redirects_end() {
    let site = Site::start(|_| moved("/again")).await;
    assert_eq!(
        fetch(&site, "/").await,
        "127.0.0.1 sends us from one place to the next without end."
    );
    assert_eq!(site.seen().len(), FetchLimits::default().redirects_max + 1);
}

#[tokio::test]
async fn name_that_flips_is_reached_where_it_was_judged() {
    let judged = Site::at("127.0.0.2:0", |_| html("judged")).await;
    let port = judged.address.port();
    let other = Site::at(&format!("127.0.0.1:{port}"), |_| html("the keys of the house")).await;
    let rules = rules(&["flip.example.org"], &[format!("flip.example.org:{port}")]);
    let (names, asked) = flipping("127.0.0.2", "127.0.0.1");
    let fetcher = Fetcher::new(names, FetchLimits::default());
    let url = format!("http://flip.example.org:{port}/");
    assert!(said(fetch_with(&fetcher, &url, &rules).await).ends_with("judged"));
    assert_eq!((asked.load(Ordering::SeqCst), other.seen().len()), (1, 0));
}

#[tokio::test]
async fn name_that_stands_for_a_private_number_is_refused() {
    let site = Site::start(|_| html("the keys of the house")).await;
    let listed = format!("example.org:{}", site.address.port());
    let url = format!("http://{listed}/");
    let both: Vec<IpAddr> = vec!["93.184.215.14".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let fetcher =
        Fetcher::new(Names::Pretend(Arc::new(move |_| both.clone())), FetchLimits::default());
    let answer = said(fetch_with(&fetcher, &url, &rules(&[&listed], &[])).await);
    assert_eq!(
        answer,
        format!(
            "example.org (127.0.0.1) is this machine itself, and is not reached from here. Only \
             guard.private_allowed = [\"{listed}\"] in the configuration file opens it, from the next \
             start on."
        )
    );
    assert_eq!(site.seen().len(), 0);
}

#[tokio::test]
async fn bomb_and_flood_are_cut_off() {
    let packed = BASE64.decode(PACKED.join(&"A".repeat(PACKED_ZEROS))).unwrap();
    let site = Site::start(move |path| match path {
        "/bomb" => respond(200, "content-type: text/plain\r\ncontent-encoding: gzip\r\n", &packed),
        _ => respond(200, "content-type: text/plain\r\n", "a".repeat(300_000)),
    })
    .await;
    let limits = FetchLimits { body_bytes_max: 1 << 18, ..FetchLimits::default() };
    let small = Fetcher::new(Names::System, limits);
    for path in ["/bomb", "/flood"] {
        let answer = said(fetch_with(&small, &site.url(path), &rules_for(&site)).await);
        assert!(answer.contains("which is more than is read"), "{answer}");
    }
    let big = fetch_with(&Fetcher::default(), &site.url("/bomb"), &rules_for(&site)).await.unwrap();
    assert!(big.shortened && big.text.starts_with("aaaa"));
}

#[tokio::test]
async fn server_that_says_nothing_is_left() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let limits = FetchLimits { time_max: Duration::from_millis(50), ..FetchLimits::default() };
    let fetcher = Fetcher::new(Names::System, limits);
    let answer =
        fetch_with(&fetcher, &format!("http://{place}/"), &rules(&["127.0.0.1"], &[place])).await;
    assert_eq!(said(answer), "127.0.0.1 takes too long to answer; try again later.");
}

#[tokio::test]
async fn search_results_are_cleaned() {
    let site = Site::start(|path| match path {
        _ if path.starts_with("/search?q=heat+pump&format=json") => respond(
            200,
            "content-type: application/json\r\n",
            r#"{"results": [
                {"title": "Heat <b>pumps</b>", "url": "https://a.example/1", "content": "All&amp;more\u202e <i hidden>x</i>"},
                {"title": "No page", "url": "javascript:alert(1)"},
                {"url": "https://b.example"},
                {"title": "Two", "url": "https://b.example/2", "content": null}]}"#,
        ),
        _ if path.starts_with("/brave?q=heat+pump&count=5") => respond(
            200,
            "content-type: application/json\r\n",
            r#"{"web": {"results": [{"title": "B", "url": "https://c.example", "description": "d"}]}}"#,
        ),
        _ => respond(403, "", ""),
    })
    .await;
    let fetcher = Fetcher::default();
    let searxng = SearchService::SearXng { url: site.url("/") };
    let brave = SearchService::Brave { url: site.url("/brave"), key: Secret::new("key-123") };
    let mut found = Vec::new();
    for service in [&searxng, &brave] {
        for result in search(service, &fetcher, "heat pump", 5).await.unwrap() {
            found.push(format!("{} | {} | {}", result.title, result.url, result.snippet));
        }
    }
    insta::assert_snapshot!(found.join("\n"), @r"
    Heat pumps | https://a.example/1 | All&more
    Two | https://b.example/2 | 
    B | https://c.example/ | d
    ");
    assert!(site.seen()[1].to_lowercase().contains("x-subscription-token: key-123"));
    let mut refused = Vec::new();
    for (service, query) in
        [(&searxng, "other"), (&searxng, " "), (&SearchService::None, "heat pump")]
    {
        refused.push(search(service, &fetcher, query, 5).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(refused.join("\n"), @r"
    The SearXNG server refuses. Add json to search.formats in its settings.yml.
    Say what to search for, in up to 400 characters.
    Web search is not set up. Under Settings, enter the address of a SearXNG server (web.search_url); or keep a Brave Search key under Credentials and enter its name under Settings (web.brave_credential).
    ");
}

/// A house that may reach this site, and no other of this machine.
async fn house_with(site: &Site, folder: &std::path::Path, more: &str) -> TestApp {
    let config = format!("[guard]\nprivate_allowed = [\"{}\"]\n{more}", site.address);
    let house = TestApp::with_config(folder, &config).await;
    let program = env!("CARGO_BIN_EXE_steward").into();
    house.app.outside.pretend(Fetcher::default(), program);
    house
}

async fn list_domain(house: &TestApp, domain: &str) {
    let added = house.post("/api/web-whitelist", &json!({"domain": domain, "note": ""})).await;
    assert_eq!(added.status, 200, "{}", added.text);
}

#[tokio::test]
async fn listed_page_is_read_in_chat_as_somebody_elses_text() {
    let site = Site::start(|_| html("<title>Hours</title><p>Nine to five.</p>")).await;
    let folder = tempfile::tempdir().unwrap();
    let house = house_with(&site, folder.path(), "").await;
    let ask = format!("fetch {}", site.url("/opening-hours"));
    let refused = house.ask(&ask).await;
    let closed = format!("{} is not on the web whitelist.", site.address);
    assert!(refused.contains(&closed), "{refused}");
    assert_eq!(site.seen().len(), 0);
    list_domain(&house, "127.0.0.1").await;
    let read = house.ask(&ask).await;
    assert!(read.contains("Hours") && read.contains("Nine to five."), "{read}");
    let label = house
        .read(|r| {
            let sql = "select result_label from tool_calls where state = 'done'";
            r.one(sql, (), |row| row.get::<_, String>(0))
        })
        .await;
    let label: serde_json::Value = serde_json::from_str(&label).unwrap();
    assert_eq!(label["trust"], "outside");
    assert_eq!(label["origin"], json!({"kind": "web", "of": "127.0.0.1"}));
}

#[tokio::test]
async fn chat_leads_to_no_other_address_of_this_machine() {
    let inner = Site::start(|_| html("the keys of the house")).await;
    let inner_url = inner.url("/keys");
    let site = Site::start(move |_| moved(&inner_url)).await;
    let folder = tempfile::tempdir().unwrap();
    let house = house_with(&site, folder.path(), "").await;
    list_domain(&house, "127.0.0.1").await;
    list_domain(&house, &inner.address.to_string()).await;
    list_domain(&house, &format!("localhost:{}", inner.address.port())).await;
    let by_name = format!("http://localhost:{}/", inner.address.port());
    let by_number = format!("http://2130706433:{}/", inner.address.port());
    for url in [site.url("/"), inner.url("/"), by_name, by_number, "http://[::1]/".to_owned()] {
        let said = house.ask(&format!("fetch {url}")).await;
        assert!(said.contains("is not reached from here"), "{url}: {said}");
    }
    assert_eq!(inner.seen().len(), 0);
}

#[tokio::test]
async fn search_says_how_to_set_it_up_and_then_searches() {
    let site = Site::start(|_| {
        let found = r#"{"results": [{"title": "Pumps", "url": "https://a.example/1", "content": "All of them"}]}"#;
        respond(200, "content-type: application/json\r\n", found)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let house = house_with(&site, folder.path(), "").await;
    let unset = house.ask("search the web for heat pumps").await;
    assert!(unset.contains("Web search is not set up."), "{unset}");
    let setting = format!("[web]\nsearch_url = \"{}\"", site.url("/"));
    let folder = tempfile::tempdir().unwrap();
    let house = house_with(&site, folder.path(), &setting).await;
    let found = house.ask("search the web for heat pumps").await;
    assert!(
        found.contains("[Pumps](https://a.example/1)") && found.contains("All of them"),
        "{found}"
    );
}
