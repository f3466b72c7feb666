//! A secret is recognised in every disguise, and ordinary text is not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use proptest::prelude::*;
use serde_json::json;
use steward::leak::Mask;
use steward::leak::Watch;
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
fn entities_are_seen_through_however_long_they_are_written() {
    let watch = watch(KEY);
    let long: String = KEY.bytes().map(|b| format!("&#{b:040};")).collect();
    assert!(watch.find(&format!("R&D && &no; {long}")).is_some());
    // A megabyte of beginnings without an end is looked through once.
    assert_eq!(watch.find(&"&".repeat(1 << 20)), None);
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

#[test]
fn in_a_text_only_the_value_is_hidden() {
    let known = watch(KEY);
    let told = |text: &str| known.masked_text(text);
    assert_eq!(told("nothing of it"), None);
    let twice = format!("Use {KEY}, please: {KEY}");
    let hidden = "Use [hidden: system:key], please: [hidden: system:key]";
    assert_eq!(told(&twice).unwrap(), hidden);
    let disguised = format!("hex {} end", hex::encode(KEY));
    assert_eq!(told(&disguised).unwrap(), "hex [hidden: system:key] end");
    let encoded: String = KEY.bytes().map(|b| format!("%{b:02X}")).collect();
    assert_eq!(told(&format!("see {encoded} end")).unwrap(), "see %[hidden: system:key] end");
    assert_eq!(watch("1234").masked_text("PIN 1234.").unwrap(), "PIN [hidden: system:key].");
}

/// What is shown of a text that comes in pieces of these lengths.
fn shown(watch: Watch, text: &str, lengths: &[usize]) -> String {
    let mut mask = Mask::new(Arc::new(watch));
    let (mut shown, mut rest) = (String::new(), text);
    for length in lengths.iter().cycle().take(text.len()) {
        let mut end = (*length).min(rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        shown.push_str(&mask.push(&rest[..end]));
        rest = &rest[end..];
    }
    shown.push_str(&mask.push(rest));
    shown + &mask.finish()
}

#[test]
fn a_text_that_comes_letter_by_letter_hides_the_same() {
    let text = format!("Your key is {KEY}. Keep it: {KEY}");
    let hidden = "Your key is [hidden: system:key]. Keep it: [hidden: system:key]";
    for lengths in [&[1][..], &[3], &[7, 2], &[1000]] {
        assert_eq!(shown(watch(KEY), &text, lengths), hidden, "{lengths:?}");
    }
}

#[test]
fn ordinary_text_is_not_held_back() {
    let mut mask = Mask::new(Arc::new(watch(KEY)));
    let (mut said, mut shown) = (String::new(), String::new());
    for word in ["The ", "boiler ", "was ", "serviced ", "in ", "May, ", "and ", "skipped. "] {
        said.push_str(word);
        shown.push_str(&mask.push(word));
        assert!(said.starts_with(&shown) && said.len() <= shown.len() + 4, "{shown}");
    }
    assert_eq!(shown + &mask.finish(), said);
}

#[test]
fn a_value_with_odd_letters_is_seen_through_too() {
    let odd = "Pä%55\"wörd\\<canary>&✓ 4711-Xy";
    let backwards: String = odd.chars().rev().collect();
    let html = odd.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;");
    let nested = html.replace('&', "&amp;");
    for form in [odd.to_owned(), backwards, html, nested, odd.to_uppercase()] {
        assert!(watch(odd).find(&form).is_some(), "{form}");
        assert!(watch(odd).find(&watch(odd).shown(&form)).is_none(), "{form}");
    }
    let halves = json!({"title": "Pä%55&#34;wörd\\&lt;can", "content": "ary&gt;&amp;✓ 4711-Xy"});
    assert!(watch(odd).find_in(&halves).is_some());
    assert_eq!(watch(odd).find("R&D; a &&amp; b &#xFFFFFFF; &"), None);
}

proptest! {
    #[test]
    fn however_a_text_is_cut_the_secret_is_not_shown(
        secret in "[!-~]{12,60}", before in "[ -~é]{0,30}", after in "[ -~é]{0,30}",
        lengths in prop::collection::vec(1..9_usize, 1..6),
    ) {
        let text = format!("{before}{secret}{after}");
        let shown = shown(watch(&secret), &text, &lengths);
        prop_assert!(!shown.contains(&secret), "{shown}");
    }

    #[test]
    fn what_holds_no_secret_is_shown_as_it_is(
        text in "[a-z .,é]{0,200}", lengths in prop::collection::vec(1..9_usize, 1..6),
    ) {
        prop_assert_eq!(shown(watch("4711-0815-4242-9999"), &text, &lengths), text);
    }

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
