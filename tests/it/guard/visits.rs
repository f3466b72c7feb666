//! Which addresses of the web are reached, and where a page may send us on.

use std::sync::Arc;

use serde_json::json;
use steward::error::Result;
use steward::guard::allowed::Allowed;
use steward::guard::verdict::Scene;
use steward::guard::visit::{
    Visit, WebRules, judge_address, judge_redirect, judge_service, judge_url,
};
use steward::net::{DomainPattern, WebUrl};

use super::scenes::{FETCH, house, in_short, scene, verdict};

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
    for port in ["http://example.org:8080/", "https://a.example.net:8081/"] {
        assert!(said(judge(port, &rules)).contains("not on the web whitelist"), "{port}");
    }
    assert!(said(judge("http://example.org:443/", &rules)).contains("Port 443"));
}

#[test]
fn a_port_is_reached_that_the_list_names() {
    let rules = rules(&["example.org:8443", "*.example.net:8080", "example.com:25"], &[]);
    assert!(judge("https://example.org:8443/a", &rules).is_ok());
    assert!(judge("http://a.example.net:8080/", &rules).is_ok());
    assert!(judge("https://example.org/", &rules).is_err());
    assert!(said(judge("http://example.com:25/", &rules)).contains("Port 25"));
}

#[test]
fn a_host_opened_in_the_conversation_is_reached() {
    let opened = vec![DomainPattern::parse("example.com").unwrap()];
    let rules = Arc::new(WebRules { opened, ..WebRules::default() });
    assert!(judge("https://example.com/", &rules).is_ok());
}

#[test]
fn every_spelling_of_a_private_address_is_refused() {
    let spellings = [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:7f00:1]/",
        "http://0/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/",
        "http://2852039166/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
    ];
    for spelling in spellings {
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
        "example.org (127.0.0.1) is this machine itself, and is not reached from here. Only \
         guard.private_allowed = [\"example.org:443\"] in the configuration file opens it, from the next \
         start on."
    );
}

#[test]
fn an_exception_holds_for_its_host_and_port_alone() {
    let rules = rules(&["127.0.0.1", "nas.example.org"], &["127.0.0.1:8080", "nas.example.org:80"]);
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
    for bad in [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "//evil.example/",
        "ftp://example.org/",
        "http://example.org/",
        "https://user@example.org/",
        "file:///etc/passwd",
    ] {
        assert!(judge_redirect(&from, bad).is_err(), "{bad}");
    }
}

#[test]
fn nobody_is_sent_on_into_the_house() {
    let rules =
        rules(&["example.org", "127.0.0.1", "nas.home"], &["127.0.0.1:8080", "nas.home:80"]);
    let from = judge("http://example.org/a", &rules).unwrap();
    for home in ["http://127.0.0.1:8080/restart", "http://nas.home/"] {
        assert!(said(judge_redirect(&from, home)).contains("in the house"), "{home}");
    }
    let home = judge("http://127.0.0.1:8080/", &rules).unwrap();
    assert!(judge_redirect(&home, "/status").is_ok());
    assert!(judge_redirect(&home, "http://nas.home/").is_err());
    assert!(judge_redirect(&home, "http://example.org/").is_ok());
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

#[tokio::test]
async fn the_first_page_of_what_only_the_configuration_opens_is_nobodys_after_text_from_outside() {
    let page = json!({"url": "http://127.0.0.1:8080/"});
    let opened = Scene { private_allowed: vec!["127.0.0.1:8080".parse().unwrap()], ..scene() };
    let alone = Scene { read: Arc::default(), ..opened.clone() };
    let house = house().await;
    assert_eq!(in_short(&verdict(&house, alone, FETCH, page.clone()).await), "go");
    assert_eq!(
        in_short(&verdict(&house, opened, FETCH, page).await),
        "ask: The address is neither in your words nor a link of that site."
    );
}
