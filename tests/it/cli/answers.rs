//! `ask`, `chat` and `approvals`.

use std::io::{BufRead as _, BufReader, Write as _};

use insta::assert_snapshot;
use serde_json::json;

use super::peer::{HANGS, House};

pub(super) const CHAT: &str = "POST /api/chat/completions";

/// Server-sent events as the API sends them.
fn events(events: &[(&str, serde_json::Value)]) -> String {
    let mut wire = String::new();
    for (name, data) in events {
        wire.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    }
    wire + "data: [DONE]\n\n"
}

/// Where the answer will stand; the first event of every stream.
fn begun() -> (&'static str, serde_json::Value) {
    ("conversation", json!({ "conversation_id": "c-1", "run_id": "r-1" }))
}

fn answer() -> String {
    events(&[
        begun(),
        ("token", json!({ "content": "It is \u{1b}[31m", "seq": 14 })),
        (
            "tool_executing",
            json!({ "call_id": "t-1", "tool_name": "time_now", "arguments": {}, "seq": 15 }),
        ),
        (
            "tool_done",
            json!({
                "call_id": "t-1", "tool_name": "time_now", "success": true,
                "result_summary": "12:00", "confirmed": false, "seq": 16
            }),
        ),
        ("token", json!({ "content": "noon.", "seq": 21 })),
        (
            "done",
            json!({
                "text": "It is \u{1b}[31mnoon.", "tool_calls_made": 1,
                "usage": { "input_tokens": 10, "output_tokens": 4 },
                "model": "home:qwen3", "denied": [], "seq": 22
            }),
        ),
    ])
}

pub(super) fn parked() -> String {
    let card = json!({
        "call_id": "t-9", "tool_name": "web_fetch", "arguments": { "url": "http://example.org/a" },
        "description": "Fetch http://example.org/a", "origins": [], "seq": 12
    });
    let moment = ("token", json!({ "content": "One moment.", "seq": 11 }));
    events(&[begun(), moment, ("tool_call_pending", card)])
}

pub(super) const APPROVAL: &str = "0190c1d2-0000-7000-8000-0000aabbccdd";

#[test]
fn ask_prints_the_answer_and_nothing_else() {
    let house = House::new().says(CHAT, 200, answer()).open();
    let ran = house.run(&["ask", "what", "time", "is it?", "-q"]);
    assert_eq!(ran.screen(), "It is ⟨U+001B⟩[31mnoon.\n[exit 0]");
    assert_eq!(house.run(&["ask", "hi", "--model", "home:qwen3", "--conversation", "c-0"]).exit, 0);
    assert_eq!(house.run_with(&["ask", "sum", "this", "up", "-"], "a long\nletter\n").exit, 0);
    assert_eq!(house.run_with(&["ask", "-"], "a long\nquestion\n").exit, 0);
    assert_snapshot!(house.asked(), @r#"
    POST /api/chat/completions {"message":"what time is it?"}
    POST /api/chat/completions {"conversation_id":"c-0","message":"hi","model":"home:qwen3"}
    POST /api/chat/completions {"attachments":[{"data":"YSBsb25nCmxldHRlcgo=","media_type":"text/plain","name":"standard input"}],"message":"sum this up"}
    POST /api/chat/completions {"attachments":[{"data":"YSBsb25nCnF1ZXN0aW9uCg==","media_type":"text/plain","name":"standard input"}],"message":""}
    "#);
}

#[test]
fn what_is_too_long_or_no_text_is_not_sent_in_part() {
    let house = House::new().says(CHAT, 200, answer()).open();
    // The limit falls inside a letter.
    let long = format!("a{}", "ä".repeat(500_000));
    let ask = ["ask", "sum this up", "-"];
    assert_snapshot!(house.run_with(&ask, &long).screen(), @"
    steward: The standard input may have 1000000 bytes and has more; nothing was sent. Hand over a part of it.
    [exit 2]
    ");
    let file = std::fs::File::open(house.file("long.txt", &long)).unwrap();
    let ran = house.command(&ask).stdin(file).output().unwrap();
    assert_snapshot!(String::from_utf8(ran.stderr).unwrap(), @"steward: The standard input may have 1000000 bytes and has 1000001 bytes; nothing was sent. Hand over a part of it.");
    let path = house.file("picture.png", "");
    std::fs::write(&path, b"\x89PNG").unwrap();
    let picture = std::fs::File::open(path).unwrap();
    let ran = house.command(&ask).stdin(picture).output().unwrap();
    assert_snapshot!(String::from_utf8(ran.stderr).unwrap(), @"steward: The standard input is no text in UTF-8; nothing was sent.");
    assert_eq!(house.asked(), "", "nothing was sent");
    assert_eq!(house.run_with(&ask, &long[..1_000_000 - 1]).exit, 0);
}

#[test]
fn ask_as_json_is_one_object_for_programs() {
    let house = House::new().says(CHAT, 200, answer()).open();
    assert_snapshot!(house.run(&["ask", "time?", "--json"]).screen(), @r#"
    {"conversation_id":"c-1","denied":[],"model":"home:qwen3","run_id":"r-1","status":"done","text":"It is \u001b[31mnoon.","tool_calls_made":1,"usage":{"input_tokens":10,"output_tokens":4},"waiting":[]}
    [exit 0]
    "#);
}

#[test]
fn ask_ends_with_3_when_a_call_waits() {
    let house = House::new().says(CHAT, 200, parked()).open();
    assert_snapshot!(house.run(&["ask", "fetch it"]).screen(), @"
    One moment.
    Waits for your yes: Fetch http://example.org/a
    `steward approvals show t-9` shows it.
    [exit 3]
    ");
    let json = house.run(&["ask", "fetch it", "--json"]);
    assert_eq!((json.exit, json.json()["status"].as_str()), (3, Some("waiting")));
    assert_eq!(json.json()["waiting"][0]["call_id"], "t-9");
}

#[test]
fn ask_ends_with_4_when_a_call_was_denied() {
    let denied = json!([{ "call_id": "t-9", "tool_name": "web_fetch", "reason": "Not allowed." }]);
    let done =
        json!({ "text": "I may not read that page.", "tool_calls_made": 1, "denied": denied });
    let house = House::new().says(CHAT, 200, events(&[begun(), ("done", done)])).open();
    assert_eq!(house.run(&["ask", "fetch it"]).screen(), "I may not read that page.\n[exit 4]");
    let json = house.run(&["ask", "fetch it", "--json"]);
    assert_eq!((json.exit, &json.json()["status"]), (4, &json!("denied")));
    assert_eq!(json.json()["denied"], denied);
}

#[test]
fn ask_ends_with_1_when_all_that_was_tried_failed() {
    let tried = |id: &str, success: bool| {
        let call = json!({
            "call_id": id, "tool_name": "web_fetch", "success": success,
            "result_summary": "No answer.", "confirmed": false, "seq": 12,
        });
        ("tool_done", call)
    };
    let done = |denied: serde_json::Value| {
        ("done", json!({ "text": "It did not work.", "tool_calls_made": 1, "denied": denied }))
    };
    let failed = json!([{ "call_id": "t-1", "tool_name": "web_fetch", "reason": "No answer." }]);
    let wire = events(&[begun(), tried("t-1", false), done(json!([]))]);
    let house = House::new().says(CHAT, 200, wire).open();
    assert_eq!(
        house.run(&["ask", "fetch it"]).screen(),
        "It did not work.\nweb_fetch failed: No answer.\n[exit 1]"
    );
    let json = house.run(&["ask", "fetch it", "--json"]);
    assert_eq!((json.exit, &json.json()["status"]), (1, &json!("error")));
    assert_eq!(json.json()["failed_calls"], failed);
    // One that worked is enough, and a call that was denied did not fail.
    let wire = events(&[begun(), tried("t-1", false), tried("t-2", true), done(json!([]))]);
    let house = House::new().says(CHAT, 200, wire).open();
    let json = house.run(&["ask", "fetch it", "--json"]);
    assert_eq!((json.exit, &json.json()["failed_calls"]), (0, &failed));
    let wire = events(&[begun(), tried("t-1", false), done(json!([{ "call_id": "t-1" }]))]);
    let house = House::new().says(CHAT, 200, wire).open();
    let json = house.run(&["ask", "fetch it", "--json"]);
    assert_eq!((json.exit, &json.json()["failed_calls"]), (4, &json!(null)));
}

#[test]
fn a_pause_that_the_provider_asks_for_is_told_of_beside_the_answer() {
    let pause = json!({
        "provider": "toy", "seconds": 30, "until": "2026-11-29T21:45:10Z", "seq": 11
    });
    let done = json!({ "text": "It is noon.", "tool_calls_made": 0, "denied": [] });
    let wire = events(&[begun(), ("retrying", pause), ("done", done)]);
    let house = House::new().says(CHAT, 200, wire).open();
    let ran = house.run(&["ask", "time?"]);
    assert_eq!(ran.out, "It is noon.\n");
    assert_eq!(ran.err, "· toy asks to wait 30 s; trying again at 21:45:10.\n");
    assert_eq!(house.run(&["ask", "time?", "-q"]).err, "");
}

#[test]
fn a_question_back_says_how_to_answer_it() {
    let asked = |text: &str, model: &str| {
        let done = json!({ "text": text, "tool_calls_made": 0, "model": model, "denied": [] });
        House::new().says(CHAT, 200, events(&[begun(), ("done", done)])).open()
    };
    let house = asked("When?", "builtin:commands");
    assert_snapshot!(house.run(&["ask", "remind me"]).screen(), @r#"
    When?
    Answer it with: steward ask --conversation c-1 "…"
    [exit 0]
    "#);
    assert_eq!(house.run(&["ask", "remind me", "-q"]).screen(), "When?\n[exit 0]");
    assert_eq!(house.run(&["ask", "remind me", "--json"]).err, "");
    for (text, model) in [("Done.", "builtin:commands"), ("Anything else?", "home:qwen3")] {
        assert_eq!(asked(text, model).run(&["ask", "x"]).screen(), format!("{text}\n[exit 0]"));
    }
}

#[test]
fn ask_says_what_went_wrong() {
    let error =
        json!({ "message": "Anthropic refused the key. Mend it in Models.", "code": "wrong_key" });
    let half = ("token", json!({ "content": "Half an", "seq": 7 }));
    let wire = events(&[begun(), half, ("error", error)]);
    let house = House::new().says(CHAT, 200, wire).open();
    assert_snapshot!(house.run(&["ask", "x"]).screen(), @"
    Half an
    steward: Anthropic refused the key. Mend it in Models.
    [exit 1]
    ");
    let sentence = "The day's spending limit of $0.10 would be passed: $0.09 is spent and this call \
                    may cost $0.25. Raise the limit, or go on later.";
    let budget = json!({ "message": sentence, "code": "budget" });
    let house = House::new().says(CHAT, 200, events(&[begun(), ("error", budget)])).open();
    let over = house.run(&["ask", "x", "--json"]);
    assert_eq!((over.exit, over.json()["code"].as_str()), (4, Some("budget")));
    let house =
        House::new().says(CHAT, 200, "event: token\ndata: {\"content\":\"Half\"}\n\n").open();
    assert_snapshot!(house.run(&["ask", "x"]).screen(), @"
    Half
    steward: The answer broke off. The conversation has what there is of it.
    [exit 1]
    ");
    let paused = r#"{"error":"Everything is paused. Resume it in the menu.","code":"paused","request_id":"q7"}"#;
    let house = House::new().says(CHAT, 503, paused).open();
    assert_snapshot!(house.run(&["ask", "x"]).screen(), @"
    steward: Everything is paused. Resume it in the menu.
    [exit 1]
    ");
    let forbidden = r#"{"error":"This key may not chat.","code":"forbidden"}"#;
    let house = House::new().says(CHAT, 403, forbidden).open();
    assert_eq!(house.run(&["ask", "x"]).exit, 4);
}

#[test]
fn ask_says_when_an_answer_was_cut_short() {
    let notice = ("notice", json!({ "content": "The answer ends here.", "seq": 12 }));
    let done = ("done", json!({ "text": "Once upon a", "tool_calls_made": 0, "denied": [] }));
    let house = House::new().says(CHAT, 200, events(&[begun(), notice, done])).open();
    assert_snapshot!(house.run(&["ask", "a story"]).screen(), @"
    Once upon a
    The answer ends here.
    [exit 0]
    ");
    let json = house.run(&["ask", "a story", "--json"]).json();
    assert_eq!(json["notices"], json!(["The answer ends here."]));
}

#[test]
fn a_message_that_is_held_up_is_said_to_be_and_by_what() {
    let card =
        json!({ "call_id": "t-9", "tool_name": "files_delete", "description": "Delete it?" });
    let held_up = json!({
        "message": "Something asked before waits for your answer.", "code": "waiting",
        "waiting": [card],
    });
    let house = House::new().says(CHAT, 200, events(&[begun(), ("held_up", held_up)])).open();
    assert_snapshot!(house.run(&["ask", "--conversation", "c-1", "And now?"]).screen(), @"
    Something asked before waits for your answer.
    Waits for your yes: Delete it?
    `steward approvals show t-9` shows it.
    [exit 3]
    ");
    let chat = house.run_with(&["chat", "-q", "--conversation", "c-1"], "And now?\n");
    assert_eq!(chat.exit, 3, "{}", chat.screen());
    let json = house.run(&["ask", "--conversation", "c-1", "And now?", "--json"]).json();
    assert_eq!((&json["status"], &json["waiting"]), (&json!("waiting"), &json!([card])));
    let paused = json!({ "message": "Work is paused.", "code": "paused", "waiting": [] });
    let house = House::new().says(CHAT, 200, events(&[begun(), ("held_up", paused)])).open();
    assert_snapshot!(house.run(&["ask", "x"]).screen(), @"
    steward: Work is paused.
    [exit 1]
    ");
}

#[test]
fn chat_keeps_to_one_conversation() {
    let house = House::new().says(CHAT, 200, answer()).open();
    let ran = house.run_with(&["chat", "-q"], "first\n\nsecond\n");
    assert_eq!(ran.screen(), "It is ⟨U+001B⟩[31mnoon.\nIt is ⟨U+001B⟩[31mnoon.\n[exit 0]");
    assert_snapshot!(house.asked(), @r#"
    POST /api/chat/completions {"message":"first"}
    POST /api/chat/completions {"conversation_id":"c-1","message":"second"}
    "#);
}

#[test]
fn an_answer_that_is_broken_off_leaves_the_chat_in_its_conversation() {
    let tool = json!({ "call_id": "t-1", "tool_name": "time_now", "arguments": {}, "seq": 15 });
    let body = events(&[begun(), ("tool_executing", tool)]).replace("data: [DONE]\n\n", HANGS);
    let house = House::new().says(CHAT, 200, body).open();
    let mut child = house.command(&["chat"]).spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let process = rustix::process::Pid::from_child(&child);
    for words in ["first", "second"] {
        writeln!(typed, "{words}").unwrap();
        assert_eq!(told.next().unwrap().unwrap(), "· time_now");
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        let broken_off = told.by_ref().map(Result::unwrap).find(|line| !line.is_empty());
        assert!(broken_off.unwrap().starts_with("Broken off here"));
    }
    drop(typed);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_snapshot!(house.asked(), @r#"
    POST /api/chat/completions {"message":"first"}
    POST /api/chat/completions {"conversation_id":"c-1","message":"second"}
    "#);
}
