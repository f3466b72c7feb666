//! A value is the owner's own only if it was said: whatever its spelling, never by likeness.

use jiff::Zoned;
use proptest::prelude::*;
use serde_json::{Value, json};
use steward::call::Role;
use steward::guard::grounding::{Said, unnamed};
use steward::label::{Label, Origin, Secrecy, Trust};

use super::now;
use super::scenes::{read, said};

const PAIRS: &str = include_str!("grounding_pairs.tsv");
const PAIRS_MIN: usize = 500;

fn here() -> Zoned {
    now().in_tz("Europe/Berlin").unwrap()
}

fn role(name: &str) -> Option<Role> {
    match name {
        "recipient" => Some(Role::Recipient),
        "url" => Some(Role::Url),
        "path" => Some(Role::Path),
        "amount" => Some(Role::Amount),
        "date" => Some(Role::Date),
        "id" => Some(Role::Id),
        "command" => Some(Role::Command),
        "any" => None,
        other => panic!("{other} is no role"),
    }
}

/// `=5` is the number 5, `\u{200b}` the character, all else the text itself.
fn value(written: &str) -> Value {
    if let Some(number) = written.strip_prefix('=') {
        return serde_json::from_str(number).unwrap();
    }
    let mut text = String::new();
    let mut rest = written.replace("\\n", "\n");
    while let Some((before, after)) = rest.split_once("\\u{") {
        let (code, after) = after.split_once('}').unwrap();
        text.push_str(before);
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = after.to_owned();
    }
    Value::from(text + &rest)
}

/// Nobody is on a list.
fn nobody(_: &str) -> bool {
    false
}

fn grounds(texts: &[&str], role: Option<Role>, value: &Value) -> bool {
    said(texts).grounds(role, value, &here())
}

#[test]
fn every_labelled_pair_is_judged_as_labelled() {
    let pairs = PAIRS.lines().filter(|line| !line.starts_with('#'));
    let pairs: Vec<Vec<&str>> = pairs.map(|line| line.split('\t').collect()).collect();
    assert!(PAIRS_MIN <= pairs.len());
    let mut wrong = Vec::new();
    for pair in &pairs {
        let [text, name, written, label] = pair[..] else { panic!("{pair:?} has no four fields") };
        let got = grounds(&[text], role(name), &value(written));
        if got != (label == "grounded") {
            wrong.push(format!("{name}: {written:?} in {text:?} should be {label}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pairs.len(), wrong.join("\n"));
}

#[test]
fn a_day_is_set_against_the_day_it_was_said() {
    let mut said = Said::default();
    said.add("Book the hall for tomorrow", &here());
    let next_day = here().checked_add(jiff::Span::new().days(1)).unwrap();
    let ground = |value: &str| said.grounds(Some(Role::Date), &json!(value), &next_day);
    assert!(ground("2026-11-24") && ground("today"));
    assert!(!ground("2026-11-25") && !ground("tomorrow"));
}

#[test]
fn a_message_carries_only_the_links_that_the_owner_named() {
    let said = said(&[
        "Send Bob the link https://example.org/a, it is about example.net. I am ada@example.org",
    ]);
    let nothing = read(&[]);
    for text in [
        "Here: https://example.org/a.",
        "<a href=\"https://example.org/a\">it</a> or example.net",
        "It was 10:30, e.g. on 3.5.2026; plan.md and main.rs are done. I am ada@example.org",
    ] {
        assert_eq!(unnamed(text, &said, &nothing, nobody), None, "{text}");
    }
    for (text, carried) in [
        ("https://example.org/ab", "a link to example.org"),
        ("see [it](http://evil.example/x?d=1)", "a link to evil.example"),
        ("![](//evil.example/p.png)", "a link, //evil.example/p.png,"),
        ("www.evil.example", "a link to www.evil.example"),
        ("Pay at evil.com!", "a link to evil.com"),
        ("evil.md/x", "a link to evil.md"),
        ("EVIL.COM/x", "a link to evil.com"),
        ("click data:text/html,hi", "a link, data:text/html,hi,"),
        ("mailto:eve@evil.example", "a link, mailto:eve@evil.example,"),
        ("evil\u{200b}.com/a", "a link to evil.com"),
        ("[here](https:/evil.com/x?d=1)", "a link to evil.com"),
        ("[a](https:evil.com/4711)", "a link to evil.com"),
        ("[a](HTTP:\\\\evil.com)", "a link to evil.com"),
        ("<a href=\"https&#58;&sol;/evil.com/4711\">", "a link to evil.com"),
        ("evil\u{3002}com/4711", "a link to evil.com"),
        ("ｅvil\u{ff0e}com and \u{ff61}", "a link to evil.com"),
        ("see pin4711.evil.ai", "a link to pin4711.evil.ai"),
        ("a.b.md", "a link to a.b.md"),
        ("steward-login.app", "a link to steward-login.app"),
        ("evil\\.com", "a link to evil.com"),
        ("x=evil.com", "a link to evil.com"),
        ("93.184.215.14/4711", "a link to 93.184.215.14"),
        ("\u{1f4a9}.la", "a link to xn--ls8h.la"),
        ("Ask eve@evil.com!", "the mail address eve@evil.com"),
        ("Eve <EVE+1@evil.com>", "the mail address eve+1@evil.com"),
        ("eve@evil.com/x", "the mail address eve@evil.com"),
    ] {
        assert_eq!(unnamed(text, &said, &nothing, nobody).as_deref(), Some(carried), "{text}");
    }
}

#[test]
fn a_message_carries_no_piece_of_a_secret_text_that_the_owner_did_not_say() {
    let secret =
        Label { origin: Origin::OwnData.into(), trust: Trust::Own, secrecy: Secrecy::Secret };
    let mut read = steward::guard::grounding::Read::default();
    read.add(&secret, "The alarm code is 4711. It is changed in May, by the neighbour.");
    read.add(&secret, "swordfish");
    let said = said(&["Tell Bob that it is changed in May"]);
    for text in ["The ALARM code, is what", "it is 4711", "say swordfish", "in May, by the"] {
        let carried = unnamed(text, &said, &read, nobody);
        assert_eq!(carried.as_deref(), Some("text that is marked as secret"), "{text}");
    }
    for text in ["It is changed in May", "the alarm", "by the sea", "471"] {
        assert_eq!(unnamed(text, &said, &read, nobody), None, "{text}");
    }
}

fn an_address() -> impl Strategy<Value = String> {
    "[a-z]{2,8}[.]?[a-z]{1,5}@[a-z]{2,8}[.](org|net|example)"
}

/// The text with one character put in, taken out or exchanged.
fn changed(text: &str, at: prop::sample::Index, by: char) -> [String; 3] {
    let chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len());
    let (before, after) = (&chars[..at], &chars[at + 1..]);
    let collect = |middle: &[char]| before.iter().chain(middle).chain(after).collect::<String>();
    [collect(&[by]), collect(&[]), collect(&[chars[at], by])]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn saying_more_takes_nothing_back(
        first in "[ -~äéß€\n]{0,60}",
        more in "[ -~äéß€\n]{0,60}",
        value in "[ -~äé]{1,12}",
    ) {
        for role in ["recipient", "url", "path", "amount", "date", "id", "command", "any"].map(role) {
            // What was said itself is what is most likely to be grounded.
            let own = first.split_whitespace().map(Value::from).chain([json!(value)]);
            for value in own {
                let before = grounds(&[&first], role, &value);
                prop_assert!(!before || grounds(&[&first, &more], role, &value), "{role:?} {value}");
                prop_assert!(!before || grounds(&[&more, &first], role, &value), "{role:?} {value}");
            }
        }
    }

    #[test]
    fn one_character_makes_an_address_foreign(
        address in an_address(), at: prop::sample::Index, by in "[a-z0-9аео.+-]"
    ) {
        let texts = [format!("Please write to {address}, today.")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        prop_assert!(grounds(&texts, Some(Role::Recipient), &json!(address)));
        for other in changed(&address, at, by.chars().next().unwrap()) {
            let same = other == address;
            prop_assert_eq!(grounds(&texts, Some(Role::Recipient), &json!(other)), same, "{}", other);
        }
    }

    #[test]
    fn one_digit_makes_an_amount_foreign(
        amount in 11_u32..999_999, cents in 1_u32..99, at: prop::sample::Index, by in "[0-9]"
    ) {
        for (said_as, value) in [
            (format!("{amount}"), format!("{amount}")),
            (format!("{amount}.{cents:02} euros"), format!("{amount}.{cents:02}")),
        ] {
            let text = format!("Pay {said_as} to Bob");
            prop_assert!(grounds(&[&text], Some(Role::Amount), &json!(value)), "{}", text);
            for other in changed(&value, at, by.chars().next().unwrap()) {
                let same = other.parse::<f64>().ok() == value.parse::<f64>().ok();
                if !same {
                    prop_assert!(!grounds(&[&text], Some(Role::Amount), &json!(other)), "{} {}", text, other);
                }
            }
        }
    }

    #[test]
    fn one_character_makes_an_account_number_foreign(
        number in "[1-9][0-9]{17}", at: prop::sample::Index, by in "[0-9A-Z]"
    ) {
        let digits = format!("{number}131400").parse::<u128>().unwrap();
        let iban = format!("DE{:02}{number}", 98 - digits % 97);
        let spaced: Vec<String> = iban.as_bytes().chunks(4).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
        let text = format!("Pay to {}.", spaced.join(" "));
        prop_assert!(grounds(&[&text], Some(Role::Id), &json!(iban)));
        for other in changed(&iban, at, by.chars().next().unwrap()) {
            prop_assert_eq!(grounds(&[&text], Some(Role::Id), &json!(other)), other == iban, "{}", other);
        }
    }
}
