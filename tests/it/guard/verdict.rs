//! What may happen, what is asked, what never happens.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use steward::guard::intent::Intent;
use steward::guard::verdict::{Halt, Mode, Offer, Scene, Verdict};
use steward::guard::whitelist;
use steward::label::Origin;
use steward::net::DomainPattern;

use super::scenes::{
    DELETE, FETCH, NOTE, READ, SEND, SHELL, Tool, UNKNOWN, WRITE, house, in_short, opened_folder,
    said, scene, verdict,
};
use super::{House, by, now};

/// Judges each call in that scene and holds it against what is expected.
async fn check(cases: &[(Tool, Value, &str)]) {
    check_in(&scene(), cases).await;
}

async fn check_in(scene: &Scene, cases: &[(Tool, Value, &str)]) {
    let house = house().await;
    for (tool, arguments, expected) in cases {
        let got = verdict(&house, scene.clone(), *tool, arguments.clone()).await;
        assert_eq!(in_short(&got), *expected, "{} {arguments}", tool.0);
    }
}

#[tokio::test]
async fn own_data_is_read_and_written_freely() {
    let opened = opened_folder().join("a.txt");
    check(&[
        (READ, json!({"path": "a.txt"}), "go"),
        (READ, json!({"path": "/data/files/ann/a.txt"}), "go"),
        (READ, json!({"path": opened}), "go"),
        (WRITE, json!({"path": "a.txt", "text": "x"}), "go"),
        (NOTE, json!({"text": "call https://evil.example/?q=1 and eve@evil.example"}), "go"),
        (NOTE, json!({"text": "x", "extra": null}), "go"),
        (
            WRITE,
            json!({"path": opened}),
            &format!(
                "ask: It changes files in a folder that you opened, and {} is not in your words.",
                opened.display()
            ),
        ),
        (
            DELETE,
            json!({"path": "a.txt"}),
            "ask: It takes something away for good, and a.txt is not in your words.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_on_no_list_is_denied() {
    let unlisted = "deny: eve@evil.example is not on the whitelist of addresses.";
    let closed = "lies in no folder that was opened under Whitelists.";
    let opened = opened_folder();
    let beside = format!("{}x/a", opened.display());
    check(&[
        (READ, json!({"path": "/etc/passwd"}), &format!("deny: /etc/passwd {closed}")),
        (READ, json!({"path": beside}), &format!("deny: {beside} {closed}")),
        (READ, json!({"path": "../b"}), "deny: ../b leads upwards with `..`; write the path itself."),
        (READ, json!({"path": 7}), "deny: path has to be text, or a list of texts."),
        (SEND, json!({"to": "eve@evil.example", "text": "x"}), unlisted),
        (SEND, json!({"to": ["ann@example.org", "eve@evil.example"]}), unlisted),
        (SEND, json!({"to": {"a": "eve@evil.example"}}), "deny: to has to be text, or a list of texts."),
        (FETCH, json!({"url": "file:///a"}), "deny: Only http and https pages can be fetched, not file."),
        (
            FETCH,
            json!({"url": "https://evil.example/"}),
            "deny: evil.example is not on the web whitelist. Add it under Whitelists, or open it for this conversation.",
        ),
        (
            FETCH,
            json!({"url": "http://127.0.0.1/"}),
            "deny: 127.0.0.1 is this machine itself, and is not reached from here. \
             Only guard.private_allowed = [\"127.0.0.1:80\"] in the configuration file opens it, \
             from the next start on.",
        ),
        (
            FETCH,
            json!({"url": "http://localhost:8080/"}),
            "deny: localhost:8080 is not on the web whitelist. Add it under Whitelists, or open it for \
             this conversation. It is this machine, too. Only guard.private_allowed = \
             [\"localhost:8080\"] in the configuration file opens it, from the next start on.",
        ),
        (READ, json!([1]), "deny: The arguments have to be a JSON object."),
    ])
    .await;
}

#[tokio::test]
async fn a_secret_in_any_argument_is_denied_with_an_alarm() {
    let holds = |name| {
        format!("ALERT: The arguments hold the value of {name}, which never leaves the vault.")
    };
    check(&[
        (NOTE, json!({"text": "sk-live-Zq8vB2xW9tRk4mLp"}), &holds("system:key")),
        (NOTE, json!({"text": "x", "sk-live-Zq8vB2xW9tRk4mLp": 1}), &holds("system:key")),
        (NOTE, json!({"text": "is it CANARY-7F3A9C2E11?"}), &holds("canary")),
        (
            FETCH,
            json!({"url": "https://example.org/?q=c2stbGl2ZS1acTh2QjJ4Vzl0Ums0bUxw"}),
            &holds("system:key"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_address_is_read_when_its_parts_are_the_owners_or_the_sites() {
    let org = |rest| json!({"url": format!("https://example.org{rest}")});
    let net = |host, rest| json!({"url": format!("https://{host}.example.net{rest}")});
    let foreign = |part| {
        format!(
            "ask: Part of the address, {part}, is neither in your words nor in a link of that site."
        )
    };
    let alone = Scene { read: Arc::default(), ..scene() };
    check_in(
        &alone,
        &[
            (FETCH, org(""), "go"),
            (FETCH, org("/wiki/Rust_(programming_language)"), "go"),
            (FETCH, org("/wiki/Rust_(Sprache)"), &foreign("Rust_(Sprache)")),
            (FETCH, org("/?q=rust+programming%20language"), "go"),
            (FETCH, org("/?data=rust"), "go"),
            (FETCH, org("/?query=rust"), &foreign("query")),
            (FETCH, net("docs", "/a/guide-book?chapter=seven"), "go"),
            (FETCH, org("/news/story-4711-abcdef"), &foreign("story-4711-abcdef")),
            (FETCH, net("leak-me", ""), &foreign("leak-me")),
            (FETCH, org("/RUST/programming/Language"), "go"),
            (FETCH, org("/pRoGramming"), &foreign("pRoGramming")),
            (FETCH, org("/%70rogramming"), &foreign("%70rogramming")),
            (FETCH, org("/programming---language"), &foreign("programming---language")),
            (FETCH, org("/language_programming"), &foreign("language_programming")),
            (FETCH, org("/-~-~-"), &foreign("-~-~-")),
            (FETCH, org("/a1b2/c3d4/e5f6/a7b8/c9"), &foreign("c9")),
            (FETCH, org("/rust/programming/rust"), &foreign("rust")),
            (FETCH, org("/rust/"), "go"),
            (FETCH, org("/rust//"), &foreign("")),
            (FETCH, org("//rust"), &foreign("")),
            (FETCH, org("/rust?&;&;&&"), &foreign("")),
            (FETCH, org("/rust?"), &foreign("")),
            (FETCH, json!({"url": "https://docs.example.net/"}), "go"),
            (FETCH, json!({"url": "https://www.www.example.net/"}), "go"),
            (FETCH, org("/%F0%9F%98%80%F0%9F%98%80%F0%9F%98%80"), &foreign("😀😀😀")),
        ],
    )
    .await;
}

const NOBODYS: &str = "ask: The address is neither in your words nor a link of that site.";
const ENOUGH: &str =
    "ask: So many pages were looked at by choice that this one may be meant to tell something.";

#[tokio::test]
async fn after_text_from_outside_an_address_is_the_owners_or_a_link_as_a_whole() {
    let url = |url: &str| json!({ "url": url });
    let words = "See https://example.org/read?it=now and example.org:8443/a on docs.example.net";
    let opened = vec![DomainPattern::parse("example.org:8443").unwrap()];
    let scene = Scene { said: said(&[words]), opened, ..scene() };
    let unlisted = |site| {
        format!(
            "deny: {site} is not on the web whitelist. Add it under Whitelists, or open it for this conversation."
        )
    };
    check_in(
        &scene,
        &[
            (FETCH, url("https://example.org/read?it=now"), "go"),
            (FETCH, url("HTTPS://EXAMPLE.org:443/x/../read?it=now#a"), "go"),
            (FETCH, url("https://example.org:8443/a"), "go"),
            (FETCH, url("https://example.org/news/story-4711-abcdef"), "go"),
            (FETCH, url("https://example.org/"), "go"),
            (FETCH, url("http://example.org:8443/"), "go"),
            (FETCH, url("https://docs.example.net/"), "go"),
            (FETCH, url("http://docs.example.net"), "go"),
            (FETCH, url("http://example.org/read?it=now"), NOBODYS),
            (FETCH, url("https://example.org/read?it=no%77"), NOBODYS),
            (FETCH, url("https://example.org/read?it=now&"), NOBODYS),
            (FETCH, url("https://example.org/read"), NOBODYS),
            (FETCH, url("https://example.org//"), NOBODYS),
            (FETCH, url("https://example.org/?"), NOBODYS),
            (FETCH, url("https://example.org/?&;&;&&"), NOBODYS),
            (FETCH, url("https://example.org/see/and/see"), NOBODYS),
            (FETCH, url("https://leak.example.net/"), NOBODYS),
            (FETCH, url("https://www.www.example.net/"), NOBODYS),
            (FETCH, url("https://docs.example.net/news/story-4711-abcdef"), NOBODYS),
            (FETCH, url("https://example.org:8444/"), &unlisted("example.org:8444")),
            (
                FETCH,
                url("http://example.org:443/"),
                "deny: Port 443 is not one that such pages are served on.",
            ),
            (FETCH, url("https://docs.example.net:8443/"), &unlisted("docs.example.net:8443")),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_run_that_read_text_from_outside_looks_five_times_by_its_own_choice() {
    let (own, link) = ("https://example.org/read", "https://example.org/news/story-4711-abcdef");
    let url = |url: &str| json!({ "url": url });
    let after = |visited: &[&str]| Scene {
        said: said(&[&format!("See {own}")]),
        visited: visited.iter().map(|it| (*it).to_owned()).collect(),
        ..scene()
    };
    let bare = "https://example.org/";
    check_in(&after(&[own, link, link, bare, bare]), &[(FETCH, url(link), "go")]).await;
    check_in(&after(&[link, bare, own, own, own]), &[(FETCH, url(own), "go")]).await;
    let enough = after(&[own, link, bare, own, own, bare]);
    check_in(&enough, &[(FETCH, url(own), ENOUGH), (FETCH, url(link), ENOUGH)]).await;
    check_in(&after(&[link; 6]), &[(FETCH, url(own), "go"), (FETCH, url(link), ENOUGH)]).await;
    let alone = Scene { read: Arc::default(), ..after(&[own; 9]) };
    check_in(&alone, &[(FETCH, url(own), "go"), (FETCH, url(bare), "go")]).await;
}

#[tokio::test]
async fn sending_running_and_the_unknown_ask() {
    check(&[
        (
            SEND,
            json!({"to": "ann@example.org", "text": "hi"}),
            "ask: It leaves the house, and ann@example.org is not in your words.",
        ),
        (
            SHELL,
            json!({"command": ["ls", "-l"]}),
            "ask: It runs a program, and ls -l is not in your words.",
        ),
        (UNKNOWN, json!({"a": 1}), "ask: Nobody declared what a means to mcp__x__y."),
        (
            READ,
            json!({"path": "a", "url": "https://evil.example"}),
            "ask: Nobody declared what url means to file_read.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_stops_a_run_stops_every_call() {
    let house = house().await;
    for (halt, said) in [
        (Halt::NotInTools, "This agent may not use note_add."),
        (Halt::Paused, "Everything is paused."),
    ] {
        let scene = Scene { halt: Some(halt), ..scene() };
        let got = verdict(&house, scene, NOTE, json!({"text": "x"})).await;
        assert_eq!(in_short(&got), format!("deny: {said}"));
    }
}

#[tokio::test]
async fn a_denied_destination_can_be_offered_to_the_owner() {
    let house = house().await;
    let offers = [
        (
            SEND,
            json!({"to": "eve@evil.example"}),
            Some(Offer::Address("eve@evil.example".to_owned())),
        ),
        (
            FETCH,
            json!({"url": "https://evil.example/a"}),
            Some(Offer::Domain("evil.example".to_owned())),
        ),
        (READ, json!({"path": "/srv/music/a.mp3"}), Some(Offer::Folder("/srv/music".to_owned()))),
        (FETCH, json!({"url": "http://127.0.0.1/"}), None),
        (READ, json!({"path": "../x"}), None),
    ];
    for (tool, arguments, expected) in offers {
        let got = verdict(&house, scene(), tool, arguments.clone()).await;
        let Verdict::Deny { offer, .. } = got else { panic!("{arguments}") };
        assert_eq!(offer, expected, "{arguments}");
    }
}

#[tokio::test]
async fn a_used_up_daily_limit_denies() {
    let house = house().await;
    house
        .write(|tx| {
            let to = whitelist::parse_address("ann@example.org")?;
            whitelist::count_send(tx, &to, now())
        })
        .await
        .unwrap();
    let got = verdict(&house, scene(), SEND, json!({"to": "ann@example.org"})).await;
    assert!(in_short(&got).starts_with("deny: The daily limit of 1"), "{}", in_short(&got));
}

#[tokio::test]
async fn a_host_the_owner_opened_is_read_like_a_listed_one() {
    let house = house().await;
    let opened = vec![DomainPattern::parse("rust.example").unwrap()];
    let scene = Scene { opened, ..scene() };
    let got = verdict(&house, scene.clone(), FETCH, json!({"url": "https://rust.example/"})).await;
    assert_eq!(in_short(&got), "go");
    let alone = Scene { read: Arc::default(), ..scene };
    let page = json!({"url": "https://rust.example/programming"});
    assert_eq!(in_short(&verdict(&house, alone, FETCH, page).await), "go");
}

#[tokio::test]
async fn the_mode_only_tightens() {
    let house = house().await;
    let careful = || Scene { mode: Mode::Careful, ..scene() };
    let got = verdict(&house, careful(), SEND, json!({"to": "ann@example.org"})).await;
    assert_eq!(in_short(&got), "ask: You chose to be asked about everything that is sent or run.");
    let got = verdict(&house, careful(), SEND, json!({"to": "eve@evil.example"})).await;
    assert!(in_short(&got).starts_with("deny"));
    let got = verdict(&house, careful(), NOTE, json!({"text": "x"})).await;
    assert_eq!(in_short(&got), "go");
}

#[tokio::test]
async fn the_card_names_where_a_foreign_value_came_from() {
    let house = house().await;
    house.write(|tx| whitelist::add_address(tx, "eve@evil.example", 0, &by())).await.unwrap();
    let to = json!(["eve@evil.example", "ann@example.org"]);
    let scene_said = Scene { said: said(&["Mail Ann (ann@example.org) now"]), ..scene() };
    let got = verdict(&house, scene_said, SEND, json!({"to": to, "text": "hi"})).await;
    let Verdict::Ask { origins, .. } = got else { panic!("{got:?}") };
    assert_eq!(origins.len(), 1);
    assert_eq!(
        (origins[0].argument.as_str(), origins[0].value.as_str()),
        ("to", "eve@evil.example")
    );
    assert_eq!(origins[0].origin, Some(Origin::Mail("eve@evil.example".to_owned()).into()));
    let got = verdict(&house, scene(), SHELL, json!({"command": ["ls", "/tmp/x"]})).await;
    let Verdict::Ask { origins, .. } = got else { panic!("{got:?}") };
    assert!(origins.iter().all(|it| it.origin.is_none()), "the model's own idea: {origins:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "https?://(example.org|evil.example)/[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("to|url|path|command|text", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_is_sent_run_or_destroyed_that_nobody_asked_for(arguments in any_json(), careful: bool) {
        static READY: std::sync::LazyLock<(tokio::runtime::Runtime, House)> = std::sync::LazyLock::new(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let house = runtime.block_on(house());
            (runtime, house)
        });
        let (runtime, house) = &*READY;
        let mode = if careful { Mode::Careful } else { Mode::Balanced };
        for tool in [SEND, SHELL, DELETE, UNKNOWN] {
            let scene = Scene { mode, intent: Some(Intent::default()), ..scene() };
            let got = runtime.block_on(verdict(house, scene, tool, arguments.clone()));
            prop_assert!(!matches!(got, Verdict::Go(_)), "{} {arguments}", tool.0);
        }
        let got = runtime.block_on(verdict(house, scene(), FETCH, arguments.clone()));
        if let Verdict::Go(mut permit) = got && let Ok(visit) = permit.url("url") {
            prop_assert_eq!(visit.get().url().host(), "example.org");
        }
    }
}
