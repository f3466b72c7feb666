//! Chats on the whitelist: they are written to as mail addresses are.

use std::sync::Arc;

use serde_json::{Value, json};
use steward::call::{Effect, Role};
use steward::guard::verdict::{Mode, Offer, Scene, Verdict};
use steward::guard::whitelist;

use super::scenes::{SEND, Tool, house, in_short, said, scene, verdict};
use super::{House, by, now};

const ROLES: &[(&str, Role)] = &[("chat", Role::Chat), ("text", Role::Content)];
const SLACK: Tool = ("mcp__slack__post", Effect::Send, false, ROLES);
const OTHER: Tool = ("mcp__other-talk__post", Effect::Send, false, ROLES);
/// One of our own.
const TELEGRAM: Tool = ("telegram_send", Effect::Send, false, ROLES);
/// It only looks, as far as it says.
const LOOK: Tool = ("mcp__slack__look", Effect::Read, false, ROLES);

const UNREADABLE: &str =
    "deny: Write where the chat is and its name there, such as telegram:-1001234.";

async fn house_with_chats() -> House {
    let house = house().await;
    house
        .write(|tx| {
            whitelist::add_address(tx, "slack:C024BE91L", 0, &by())?;
            whitelist::add_address(tx, "telegram:-1001234", 0, &by())
        })
        .await
        .unwrap();
    house
}

/// The owner says this, and nothing from outside was read.
fn alone(text: &str) -> Scene {
    Scene { said: said(&[text]), read: Arc::default(), intent: None, ..scene() }
}

fn named() -> Scene {
    alone("Post hello to C024BE91L and to -1001234, please, and to C0000000")
}

async fn check(cases: Vec<(Scene, Tool, Value, &str)>) {
    let house = house_with_chats().await;
    for (scene, tool, arguments, expected) in cases {
        let got = verdict(&house, scene, tool, arguments.clone()).await;
        assert_eq!(in_short(&got), expected, "{} {arguments}", tool.0);
    }
}

#[tokio::test]
async fn a_chat_on_the_list_is_written_to_when_the_owner_named_it_and_else_they_are_asked() {
    let slack = || json!({"chat": "C024BE91L", "text": "hello"});
    let foreign = "ask: It leaves the house, and C024BE91L is not in your words.";
    check(vec![
        (named(), SLACK, slack(), "go"),
        (named(), TELEGRAM, json!({"chat": "-1001234", "text": "hello"}), "go"),
        (named(), TELEGRAM, json!({"chat": -1_001_234, "text": "hello"}), "go"),
        (alone("Post hello to the team"), SLACK, slack(), foreign),
        (
            alone("Post hello to the team"),
            TELEGRAM,
            json!({"chat": -1_001_234, "text": "hello"}),
            "ask: It leaves the house, and -1001234 is not in your words.",
        ),
        (
            named(),
            SLACK,
            json!({"chat": "C024BE91L", "text": "look at https://evil.example/x"}),
            "ask: It leaves the house with a link to evil.example that you did not name.",
        ),
        (
            Scene { mode: Mode::Careful, ..named() },
            SLACK,
            slack(),
            "ask: You chose to be asked about everything that is sent or run.",
        ),
        (
            alone("What is new?"),
            LOOK,
            json!({"chat": "C024BE91L"}),
            "ask: It names somebody to reach or something to run, and C024BE91L is not in your words.",
        ),
        // The scene has read a letter that somebody else wrote.
        (
            scene(),
            SLACK,
            slack(),
            "deny: Nothing that you said asks for this, and the run has read text that others wrote.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_chat_that_is_on_no_list_is_denied_whoever_named_it() {
    let unlisted =
        |chat: &str| format!("deny: {chat} is not on the whitelist of chats and accounts.");
    check(vec![
        (named(), SLACK, json!({"chat": "C0000000"}), unlisted("slack:C0000000").as_str()),
        (
            named(),
            SLACK,
            json!({"chat": ["C024BE91L", "C0000000"]}),
            unlisted("slack:C0000000").as_str(),
        ),
        (named(), SLACK, json!({"chat": "c024be91l"}), unlisted("slack:c024be91l").as_str()),
        // The name is another chat's elsewhere.
        (named(), OTHER, json!({"chat": "C024BE91L"}), unlisted("other-talk:C024BE91L").as_str()),
        (
            named(),
            SLACK,
            json!({"chat": "slack:C024BE91L"}),
            unlisted("slack:slack:C024BE91L").as_str(),
        ),
        (named(), TELEGRAM, json!({"chat": 1_001_234}), unlisted("telegram:1001234").as_str()),
        (named(), LOOK, json!({"chat": "C0000000"}), unlisted("slack:C0000000").as_str()),
        (named(), SLACK, json!({"chat": "C024BE91L\u{200b}"}), UNREADABLE),
        (named(), SLACK, json!({"chat": "C024 BE91L"}), UNREADABLE),
        (named(), SLACK, json!({"chat": ""}), UNREADABLE),
        (
            named(),
            SLACK,
            json!({"chat": {"name": "C024BE91L"}}),
            "deny: chat has to be text, or a list of texts.",
        ),
        (
            named(),
            SEND,
            json!({"to": "slack:C024BE91L"}),
            "deny: Write one mail address, such as ann@example.org.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_denied_chat_is_offered_and_one_whose_day_is_used_up_is_not() {
    let house = house_with_chats().await;
    let offered =
        async |chat: &str| match verdict(&house, named(), SLACK, json!({ "chat": chat })).await {
            Verdict::Deny { offer, reason, .. } => (offer, reason),
            other => panic!("{}", in_short(&other)),
        };
    let (offer, _) = offered("C0000000").await;
    assert_eq!(offer, Some(Offer::Address("slack:C0000000".to_owned())));
    house
        .write(|tx| {
            whitelist::add_address(tx, "slack:C0000000", 1, &by())?;
            whitelist::count_send(tx, &whitelist::parse_chat("slack:C0000000")?, now())
        })
        .await
        .unwrap();
    let (offer, reason) = offered("C0000000").await;
    assert_eq!(offer, None);
    assert_eq!(
        reason,
        "The daily limit of 1 for slack:C0000000 is used up; it starts anew at midnight UTC."
    );
}

#[test]
fn only_a_place_and_a_name_are_a_chat() {
    let long = format!("slack:{}", "c".repeat(250));
    for bad in [
        "",
        "slack",
        "slack:",
        ":C0",
        "Slack:C0",
        "1slack:C0",
        "sl_ack:C0",
        "slack:C 0",
        "slack:C0\nx",
        "slack:C0\u{202e}",
        "slack:\u{421}0",
        "https://slack.example/C0",
        "ann@example.org",
        &long,
    ] {
        assert!(whitelist::parse_chat(bad).is_err(), "{bad:?}");
    }
    for good in ["slack:C0", "matrix:!room:example.org", "telegram:@news", "sms:+4712345678"] {
        assert_eq!(whitelist::parse_chat(&format!(" {good} ")).unwrap().address, good);
    }
}
