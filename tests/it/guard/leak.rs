//! A secret is recognised in every disguise, and ordinary text is not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use proptest::prelude::*;
use serde_json::json;
use steward::guard::leak::Watch;
use steward::secret::Secret;

const KEY: &str = "sk-ant-api03-Zq8+vB2/xW9tRk4mLp7nHs";

fn watch(value: &str) -> Watch {
    let mut watch = Watch::default();
    watch.add("system:key", &Secret::new(value));
    watch
}

#[test]
fn every_disguise_is_seen_through() {
    let backwards: String = KEY.chars().rev().collect();
    let spaced: String = KEY.chars().flat_map(|c| [c, ' ']).collect();
    let encoded: String = KEY.bytes().map(|b| format!("%{b:02X}")).collect();
    let twice = encoded.replace('%', "%25");
    let forms = [
        KEY.to_owned(),
        KEY.to_uppercase(),
        format!("https://x.org/?q={KEY}&z=1"),
        backwards,
        spaced,
        encoded,
        twice,
        hex::encode(KEY),
        hex::encode_upper(KEY),
        URL_SAFE.encode(KEY),
        STANDARD_NO_PAD.encode(format!("a{KEY}b")),
        STANDARD_NO_PAD.encode(format!("ab{KEY}")),
        STANDARD_NO_PAD.encode(KEY).chars().rev().collect(),
        KEY[..20].to_owned(),
        KEY[15..].to_owned(),
    ];
    for form in forms {
        assert_eq!(watch(KEY).find(&form), Some("system:key"), "{form}");
    }
}

#[test]
fn parts_in_several_arguments_are_put_together() {
    let parts = json!({"a": &KEY[17..], "b": {"c": [&KEY[..17], "x"]}});
    assert!(watch(KEY).find_in(&parts).is_some());
    let small = json!({"a": "hunter", "b": {"c": ["2hunter2!"]}});
    assert!(watch("hunter2hunter2!").find_in(&small).is_some());
    let thirds = json!(["hunter", "2hun", "ter2!"]);
    assert!(watch("hunter2hunter2!").find_in(&thirds).is_some());
    assert!(watch("12345678").find_in(&json!({"n": 12_345_678})).is_some());
    assert!(watch(KEY).find_in(&json!({KEY: 1})).is_some());
}

#[test]
fn ordinary_text_is_left_alone() {
    let watch = watch(KEY);
    for text in ["", "api", "An Anthropic key begins with sk-ant-api03-.", "tRk4mLp7"] {
        assert_eq!(watch.find(text), None, "{text}");
    }
}

#[test]
fn a_short_secret_counts_as_a_word() {
    let watch = watch("1234");
    assert!(watch.find("the PIN is 1234.").is_some());
    assert!(watch.find("call 0512345").is_none());
}

#[test]
fn masking_hides_the_value_and_keeps_the_rest() {
    let masked = watch(KEY).masked(&json!({"to": "ann", "text": format!("key {KEY}")}));
    assert_eq!(masked, json!({"to": "ann", "text": "[hidden: system:key]"}));
    let cut = watch(KEY).masked(&json!({"a": &KEY[..15], "b": &KEY[15..]}));
    assert!(!cut.to_string().contains(&KEY[15..]), "{cut}");
}

proptest! {
    #[test]
    fn a_random_secret_is_found_wherever_it_stands(
        secret in "[!-~]{12,60}", before in "[ -~]{0,40}", after in "[ -~]{0,40}",
    ) {
        let watch = watch(&secret);
        let text = format!("{before}{secret}{after}");
        prop_assert!(watch.find(&text).is_some());
        let inside = STANDARD_NO_PAD.encode(&text);
        if secret.chars().filter(char::is_ascii_alphanumeric).count() > 11 {
            prop_assert!(watch.find(&inside).is_some());
        }
        prop_assert!(watch.find(&hex::encode(&text)).is_some());
    }

    #[test]
    fn any_text_is_searched_without_panic(secret: String, text: String, value: String) {
        let watch = watch(&secret);
        let _ = watch.find(&text);
        let _ = watch.masked(&json!({"a": [text, value]}));
    }
}
