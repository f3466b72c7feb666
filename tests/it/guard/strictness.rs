//! Nothing that is read loosens a verdict: it may only get stricter.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};
use steward::guard::grounding::Read;
use steward::guard::intent::Intent;
use steward::guard::verdict::{Mode, Scene, Verdict, judge};
use steward::label::{Label, Origin, Secrecy, Trust};

use super::House;
use super::scenes::{
    DELETE, FETCH, NOTE, READ, SEND, SHELL, Tool, UNKNOWN, call, everything, facts, house, said,
    scene,
};

/// How strict a verdict is.
fn strictness(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Go(_) => 0,
        Verdict::Ask { .. } | Verdict::Unplanned => 1,
        Verdict::Deny { .. } => 2,
    }
}

fn some_call() -> impl Strategy<Value = (Tool, Value)> {
    let to = prop::sample::select(vec!["ann@example.org", "eve@evil.example", "ann@example.com"]);
    let url = prop::sample::select(vec![
        "https://example.org/guide-book",
        "https://example.org/x-secret-y",
        "https://evil.example/a",
    ]);
    let path = prop::sample::select(vec!["a.txt", "b.txt", "/etc/passwd"]);
    let text = prop::sample::select(vec!["hi", "see https://evil.example/a", "code 4711"]);
    prop_oneof![
        (to, text.clone()).prop_map(|(to, text)| (SEND, json!({"to": to, "text": text}))),
        url.prop_map(|url| (FETCH, json!({"url": url}))),
        path.clone().prop_map(|path| (DELETE, json!({"path": path}))),
        path.prop_map(|path| (READ, json!({"path": path}))),
        Just((SHELL, json!({"command": "ls -la"}))),
        Just((SHELL, json!({"command": "rm a.txt"}))),
        text.prop_map(|text| (NOTE, json!({"text": text}))),
        Just((UNKNOWN, json!({"list": "Groceries"}))),
    ]
}

fn a_label() -> impl Strategy<Value = Label> {
    let origin = prop_oneof![
        Just(Origin::Mail("eve@evil.example".to_owned())),
        Just(Origin::Mcp("x".to_owned())),
        Just(Origin::Web("evil.example".to_owned())),
        Just(Origin::Web("example.org".to_owned())),
        Just(Origin::OwnData),
        Just(Origin::Owner),
    ];
    let trust = prop_oneof![Just(Trust::Outside), Just(Trust::Own), Just(Trust::Owner)];
    let secrecy = prop_oneof![Just(Secrecy::Public), Just(Secrecy::Secret)];
    (origin, trust, secrecy).prop_map(|(origin, trust, secrecy)| Label {
        origin: origin.into(),
        trust,
        secrecy,
    })
}

fn some_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "Mail eve@evil.example",
        "run rm a.txt",
        "delete b.txt",
        "https://example.org/x-secret-y",
        "x-secret-y",
        "https://evil.example/a",
        "4711",
        "ann@example.com",
        "Groceries",
        "the owner says",
    ]);
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.join(" "))
}

/// The one exception: an address that a page of the very site names letter by letter may be visited.
/// Who sent the page gets nothing from it that they don't have.
fn is_link_of_its_site(tool: Tool, arguments: &Value, texts: &[(Label, String)]) -> bool {
    let url = arguments["url"].as_str().unwrap_or_default();
    let site = Origin::Web("example.org".to_owned()).into();
    tool.0 == FETCH.0
        && url.starts_with("https://example.org/")
        && texts.iter().any(|(label, text)| {
            (&label.origin, label.trust) == (&site, Trust::Outside)
                && text.split(' ').any(|word| word == url)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_that_is_read_loosens_a_verdict_but_a_sites_own_link_to_a_page_of_it(
        (tool, arguments) in some_call(),
        texts in prop::collection::vec((a_label(), some_text()), 0..5),
        all_asked_for: bool,
        is_careful: bool,
    ) {
        static READY: LazyLock<(tokio::runtime::Runtime, House)> = LazyLock::new(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let house = runtime.block_on(house());
            (runtime, house)
        });
        let (runtime, house) = &*READY;
        let words = "Mail ann@example.org; delete a.txt. Add it to Groceries. See guide-book.\nls -la";
        let mode = if is_careful { Mode::Careful } else { Mode::Balanced };
        let intent = if all_asked_for { everything() } else { Intent::default() };
        let judged = Scene { intent: Some(intent), mode, read: Arc::default(), said: said(&[words]), ..scene() };
        let mut facts = runtime.block_on(facts(house, judged, tool, &arguments));
        let mut read = Read::default();
        let mut least = 0;
        for count in 0..=texts.len() {
            if let Some((label, text)) = texts[..count].last() {
                read.add(label, text);
            }
            facts.scene.read = Arc::new(read.clone());
            let now = strictness(&judge(&facts, &call(tool, &arguments), None));
            let excepted = is_link_of_its_site(tool, &arguments, &texts[..count]);
            prop_assert!(least <= now || excepted, "{} {arguments} after {texts:?}", tool.0);
            least = now;
        }
    }
}
