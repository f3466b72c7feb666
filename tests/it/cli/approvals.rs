//! `steward approvals`, and what `ask` says of a call that waits.

use super::answers::{APPROVAL, CHAT, parked};
use super::peer::House;
use insta::assert_snapshot;
use serde_json::json;

fn approvals() -> String {
    json!({ "approvals": [
        { "id": APPROVAL, "call_id": "t-9", "tool_name": "web_fetch", "state": "waiting",
          "arguments": { "url": "http://example.org/a" }, "description": "Fetch http://example.org/a",
          "reason": "The address is not one you named.", "origins": ["mail(bob@example.org)"],
          "created_at": "2026-11-23T08:00:00Z" },
        { "id": "0190c1d2-0000-7000-8000-0000aa11ccdd", "call_id": "t-8", "tool_name": "files_delete",
          "state": "approved", "description": "Delete a.txt", "created_at": "2026-11-22T08:00:00Z" }
    ], "total": 2, "page": 1, "per_page": 50 })
    .to_string()
}

#[test]
fn approvals_are_listed_shown_and_answered() {
    let house = House::new()
        .says("GET /api/approvals", 200, approvals())
        .says("POST /api/tool-calls/t-9/approve", 200, r#"{"ok":true}"#)
        .says("POST /api/tool-calls/t-9/deny", 200, r#"{"ok":true}"#)
        .open();
    assert_snapshot!(house.run(&["approvals", "ls"]).screen(), @"
    ID        TOOL       WHAT                        SINCE
    aabbccdd  web_fetch  Fetch http://example.org/a  2026-11-23 08:00
    steward approvals show ID, approve ID, deny ID
    [exit 0]
    ");
    assert_snapshot!(house.run(&["approvals", "ls", "--plain"]).screen(), @"
    0190c1d2-0000-7000-8000-0000aabbccdd	web_fetch	Fetch http://example.org/a	2026-11-23 08:00
    [exit 0]
    ");
    assert_snapshot!(house.run(&["approvals", "show", "aabbccdd"]).screen(), @"
    Fetch http://example.org/a
      tool     web_fetch
      url      http://example.org/a
      asks     The address is not one you named.
      from     mail(bob@example.org)
      since    2026-11-23 08:00
      state    waiting
      id       0190c1d2-0000-7000-8000-0000aabbccdd
    [exit 0]
    ");
    assert_snapshot!(house.run(&["approvals", "approve", "bbccdd"]).screen(), @"
    Approved: Fetch http://example.org/a
    [exit 0]
    ");
    let deny = ["approvals", "deny", "bbccdd", "--memo", "not now", "--json"];
    assert_eq!(house.run(&deny).exit, 0);
    assert!(house.asked().contains(r#"POST /api/tool-calls/t-9/deny {"memo":"not now"}"#));
    assert_snapshot!(house.run(&["approvals", "show", "ffff"]).screen(), @"
    steward: Nothing that waits has an id that ends in ffff.
    `steward approvals ls` shows what waits.
    [exit 1]
    ");
    assert_snapshot!(house.run(&["approvals", "show", "ccdd"]).screen(), @"
    steward: Several ids end in ccdd; give more of it.
    [exit 1]
    ");
    assert_snapshot!(house.run(&["approvals", "show", "../status"]).screen(), @r#"
    steward: "../status" is not an id; `steward approvals ls` shows them.
    [exit 2]
    "#);
}

#[test]
fn ask_names_what_waits_as_the_list_of_approvals_does() {
    let house =
        House::new().says(CHAT, 200, parked()).says("GET /api/approvals", 200, approvals()).open();
    assert_snapshot!(house.run(&["ask", "fetch it"]).screen(), @"
    One moment.
    Waits for your yes: Fetch http://example.org/a
    `steward approvals show aabbccdd` shows it.
    [exit 3]
    ");
    assert_eq!(
        house.run(&["ask", "fetch it", "--json"]).json()["waiting"][0]["approval_id"],
        APPROVAL
    );
}

#[test]
fn what_waits_on_one_card_is_listed_so_and_answered_at_once() {
    let call = |call: &str, end: &str| {
        json!({ "id": format!("0190c1d2-0000-7000-8000-0000aabb{end}"), "call_id": call,
                "group_id": APPROVAL, "tool_name": "files_delete", "state": "waiting",
                "description": "Delete this file?", "created_at": "2026-11-23T08:00:00Z" })
    };
    let list = json!({ "approvals": [call("t-8", "ccdd"), call("t-9", "eeff")] }).to_string();
    let house = House::new()
        .says("GET /api/approvals", 200, list)
        .says("POST /api/approvals/together", 200, r#"{"ok":true,"answered":2}"#)
        .open();
    assert_snapshot!(house.run(&["approvals", "ls"]).screen(), @"
    ID        TOOL          WHAT               SINCE             CARD
    aabbccdd  files_delete  Delete this file?  2026-11-23 08:00  aabbccdd
    aabbeeff  files_delete  Delete this file?  2026-11-23 08:00  aabbccdd
    steward approvals show ID, approve ID, deny ID; --all answers a whole card
    [exit 0]
    ");
    assert_snapshot!(house.run(&["approvals", "approve", "eeff", "--all"]).screen(), @"
    Approved: 2 of 2 calls
    [exit 0]
    ");
    let sent = r#"POST /api/approvals/together {"approved":true,"calls":["t-8","t-9"]}"#;
    assert!(house.asked().contains(sent), "{}", house.asked());
    assert_eq!(house.run(&["approvals", "deny", "eeff", "--all", "--memo", "no"]).exit, 2);
}

#[test]
fn a_yes_can_stand_for_the_next_time_when_its_scope_and_end_are_named() {
    let house = House::new()
        .says("GET /api/approvals", 200, approvals())
        .says("POST /api/tool-calls/t-9/approve", 200, r#"{"ok":true}"#)
        .open();
    let approve = ["approvals", "approve", "bbccdd", "--always", "this-tool"];
    let half = house.run(&approve);
    assert_eq!(half.exit, 2, "{}", half.screen());
    assert_eq!(house.run(&[&approve[..], &["--for", "until-revoked"]].concat()).exit, 0);
    let sent = r#"approve {"always":{"lasts":"until_revoked","scope":"this_tool"}}"#;
    assert!(house.asked().contains(sent), "{}", house.asked());
}

#[test]
fn a_second_answer_is_told_who_was_first() {
    let already = r#"{"error":"You answered this in the browser at 12:04.","code":"conflict"}"#;
    let house = House::new()
        .says("GET /api/approvals", 200, approvals())
        .says("POST /api/tool-calls/t-9/approve", 409, already)
        .open();
    assert_snapshot!(house.run(&["approvals", "approve", "bbccdd"]).screen(), @"
    steward: You answered this in the browser at 12:04.
    [exit 1]
    ");
}

#[test]
fn no_approvals_is_no_error() {
    let house =
        House::new().says("GET /api/approvals", 200, r#"{"approvals":[],"total":0}"#).open();
    assert_snapshot!(house.run(&["approvals", "ls"]).screen(), @"
    Nothing waits for you.
    [exit 0]
    ");
}

#[test]
fn what_nobody_would_see_is_written_out_at_the_terminal() {
    let hidden = json!({ "approvals": [
        { "id": APPROVAL, "call_id": "t-9", "tool_name": "pay", "state": "waiting",
          "arguments": { "iban": "\u{202e}0003\u{200b}" }, "description": "Pay\u{1b}[2J" }
    ]});
    let house = House::new().says("GET /api/approvals", 200, hidden.to_string()).open();
    let shown = house.run(&["approvals", "show", "aabbccdd"]).screen();
    assert!(shown.starts_with("Pay⟨U+001B⟩[2J\n"), "{shown}");
    assert!(shown.contains("iban     ⟨U+202E⟩0003⟨U+200B⟩\n"), "{shown}");
    let json = house.run(&["approvals", "show", "aabbccdd", "--json"]);
    assert!(json.screen().contains(r#""iban": "\u202e0003\u200b""#), "{}", json.screen());
    assert_eq!(json.json()["arguments"]["iban"], "\u{202e}0003\u{200b}");
}
