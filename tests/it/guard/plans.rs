//! What a planner writes down, and which calls it covers.

use serde_json::{Value, json};
use steward::call::{Call, Effect, Role};
use steward::guard::intent::{Intent, Plannable, SLOTS_MAX, TIMES_MAX};

const MAIL: Plannable<'_> = Plannable {
    tool: "email_send",
    roles: &[("to", Role::Recipient), ("subject", Role::Content), ("text", Role::Content)],
};

fn covers(intent: &Intent, tool: &str, arguments: &Value) -> bool {
    let call = Call {
        tool,
        effect: Effect::Send,
        destructive: false,
        roles: MAIL.roles,
        arguments,
        headless: false,
    };
    intent.covers(&call, |_, words, value| words.lines().any(|line| line == value))
}

#[test]
fn a_plan_covers_what_it_names_and_nothing_else() {
    let plan = r#"{"effects": [{"tool": "email_send", "arguments": {"to": "anna@example.org",
                   "text": "The report"}}]}"#;
    let intent = Intent::parse(plan, &[MAIL]).expect("a plan");
    assert!(covers(&intent, "email_send", &json!({"to": "anna@example.org", "text": "Hi"})));
    assert!(!covers(&intent, "email_send", &json!({"to": "eve@evil.example", "text": "Hi"})));
    assert!(!covers(
        &intent,
        "email_send",
        &json!({"to": ["anna@example.org", "eve@evil.example"]})
    ));
    assert!(!covers(&intent, "email_send", &json!({"to": null})));
    assert!(!covers(&intent, "email_send", &json!({"to": []})));
    assert!(!covers(&intent, "email_delete", &json!({"to": "anna@example.org"})));
}

#[test]
fn an_argument_that_the_words_leave_open_is_free() {
    let plan = r#"{"effects": [{"tool": "email_send", "arguments": {"to": null}}]}"#;
    let intent = Intent::parse(plan, &[MAIL]).expect("a plan");
    assert!(covers(&intent, "email_send", &json!({"to": "bob@example.org"})));
}

#[test]
fn what_is_not_exactly_a_plan_is_none() {
    let fenced = "```json\n{\"effects\": []}\n```";
    assert_eq!(Intent::parse(fenced, &[MAIL]), Some(Intent::default()));
    for broken in [
        "",
        "Sure! {\"effects\": []}",
        r#"{"effects": [], "note": "x"}"#,
        r#"{"effects": [{"tool": "shell", "arguments": {}}]}"#,
        r#"{"effects": [{"tool": "email_send", "arguments": {"bcc": "x"}}]}"#,
        r#"{"effects": [{"tool": "email_send", "arguments": {"to": {"$ne": ""}}}]}"#,
        r#"{"effects": [{"tool": "email_send", "arguments": {}, "why": "x"}]}"#,
        r#"{"effects": [{"tool": "email_send", "arguments": {}, "times": 0}]}"#,
    ] {
        assert_eq!(Intent::parse(broken, &[MAIL]), None, "{broken}");
    }
    let many = vec![r#"{"tool": "email_send"}"#; SLOTS_MAX + 1].join(",");
    assert_eq!(Intent::parse(&format!("{{\"effects\": [{many}]}}"), &[MAIL]), None);
    let often = json!({"effects": [{"tool": "email_send", "times": TIMES_MAX + 1}]});
    assert_eq!(Intent::parse(&often.to_string(), &[MAIL]), None);
}
