//! The owner's yes or no, over the API and the page.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::approval::{self, Card, Foreign, NewApproval};
use steward::audit::By;
use steward::ids::{ConversationId, RunId, ToolCallId};
use steward::label::Origin;
use steward::testing::{ADA, Browser, TestApp};

use crate::callers::{as_user, form, with_token};

/// A run of Ada's that waits for her to answer a call; gives the call's id.
pub async fn waiting(house: &TestApp) -> ToolCallId {
    waiting_to_write(house, "eve@evil.example").await
}

async fn waiting_to_write(house: &TestApp, to: &'static str) -> ToolCallId {
    let conversation: ConversationId = house.say(None, "hello").await.parse().unwrap();
    let now = house.app.clock.now();
    let call_id = ToolCallId::new(now);
    let insert = move |tx: &steward::db::Tx<'_>| {
        let run_id: RunId =
            tx.one("select id from runs where conversation_id = ?1", [conversation], |row| {
                row.get(0)
            })?;
        let message: String =
            tx.one("select id from messages where conversation_id = ?1", [conversation], |row| {
                row.get(0)
            })?;
        tx.execute("update runs set state = 'waiting' where id = ?1", [run_id])?;
        tx.execute(
            "insert into tool_calls (id, run_id, message_id, position, wire_id, tool, arguments,
                 state, proposed_at) values (?1, ?2, ?3, 0, 'w', 'email_send', '{}', 'waiting', 0)",
            (call_id, run_id, message),
        )?;
        let origin = Some(Origin::Mail("eve@evil.example".to_owned()).into());
        let foreign = Foreign { argument: "to".to_owned(), value: to.to_owned(), origin };
        let new = NewApproval {
            call_id,
            group_id: None,
            run_id,
            conversation_id: conversation,
            user_id: ADA,
            tool: "email_send".to_owned(),
            arguments: json!({"to": to, "text": "<b>hi</b>"}),
            card: Card {
                what: "Send this mail?".to_owned(),
                recipient: to.to_owned(),
                why: "hello".to_owned(),
                reason: "It leaves the house.".to_owned(),
                origins: vec![foreign],
                preview: String::new(),
                risks: Vec::new(),
                standing: None,
            },
            expires_at: None,
        };
        approval::insert(tx, &new, &By::system(now))?;
        Ok(())
    };
    house.app.db.write(insert).await.unwrap();
    call_id
}

#[tokio::test]
async fn a_waiting_call_is_listed_and_shown_whole() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let list = house.get("/api/approvals").await.json();
    assert_eq!(
        (&list["total"], &list["page"], &list["per_page"]),
        (&json!(1), &json!(1), &json!(50))
    );
    let one = &list["approvals"][0];
    assert_eq!(one["call_id"], call.to_string());
    assert_eq!(one["description"], "Send this mail?");
    assert_eq!(one["origins"], json!(["to: eve@evil.example (from a mail by eve@evil.example)"]));
    assert_eq!(one["state"], "waiting");
    let id = one["id"].as_str().unwrap();
    assert_eq!(house.get(&format!("/api/approvals/{id}")).await.json(), *one);
    assert_eq!(house.get(&format!("/api/approvals/{call}")).await.json(), *one);
    assert_eq!(house.get("/api/approvals/nonsense").await.status, 404);
    assert_eq!(house.get("/api/approvals?state=decided").await.json()["total"], 0);
    assert_eq!(house.get("/api/approvals?state=lost").await.status, 400);
}

#[tokio::test]
async fn the_first_answer_wins_and_the_second_hears_who_gave_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let path = format!("/api/tool-calls/{call}");
    let denied = house.post(&format!("{path}/deny"), &json!({"memo": "not her"})).await;
    assert_eq!(denied.json(), json!({"ok": true}), "{}", denied.text);
    let second = house.post(&format!("{path}/approve"), &json!({})).await;
    assert_eq!(second.status, 409);
    assert_eq!(
        second.json()["error"],
        "Ada already denied this on 2030-01-01 at 09:00 UTC over cli."
    );
    assert_eq!(house.get("/api/approvals").await.json()["total"], 0);
    let decided = house.get("/api/approvals?state=decided").await.json();
    assert_eq!(decided["approvals"][0]["memo"], "not her");
    assert_eq!(decided["approvals"][0]["answered_by"], "Ada");
}

#[tokio::test]
async fn edited_arguments_are_kept_with_the_yes() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let path = format!("/api/tool-calls/{call}/approve");
    assert_eq!(house.post(&path, &json!({"edited_arguments": [1]})).await.status, 400);
    let edited = json!({"to": "ann@example.org", "text": "hi"});
    let yes = house.post(&path, &json!({"edited_arguments": edited})).await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    let found = house.get(&format!("/api/approvals/{call}")).await.json();
    assert_eq!((&found["state"], &found["edited_arguments"]), (&json!("approved"), &edited));
}

#[tokio::test]
async fn answering_needs_that_very_scope_and_the_one_who_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let deny =
        || Request::post(format!("/api/tool-calls/{call}/deny")).body(Body::empty()).unwrap();
    assert_eq!(with_token(&house, &["*"], deny()).await.status, 403);
    assert_eq!(as_user(&house, &["*", "approvals"], deny()).await.status, 404);
    let get = Request::get("/api/approvals").body(Body::empty()).unwrap();
    assert_eq!(as_user(&house, &["*"], get).await.json()["total"], 0);
    assert_eq!(with_token(&house, &["approvals"], deny()).await.status, 200);
}

#[tokio::test]
async fn the_page_shows_the_card_and_takes_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert!(house.get("/approvals").await.text.contains("Nothing is waiting for you."));
    let call = waiting(&house).await;
    let page = house.get("/approvals").await.text;
    for part in [
        "Send this mail?",
        "<mark>eve@evil.example</mark>",
        "a mail by eve@evil.example",
        "It leaves the house.",
        "&#60;b&#62;hi",
        "<summary>Don’t, and say why…</summary>",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("<b>hi</b>"), "a card shows text, it does not obey it");
    assert_eq!(page.matches("eve@evil.example").count(), 2, "the value, and who wrote: {page}");
    let id = house.get(&format!("/api/approvals/{call}")).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    let path = format!("/approvals/{id}");
    let reason = page.split_once("say why…").unwrap().1;
    let form_of_reason = reason.split("</form>").next().unwrap();
    assert!(form_of_reason.contains(&format!("method=\"post\" action=\"{path}\"")));
    assert!(form_of_reason.contains(&format!("<label for=\"memo-{id}\">")));
    assert!(form_of_reason.contains(&format!("id=\"memo-{id}\" name=\"memo\"")));
    // Enter in the field presses the form's first button, so there is no other.
    assert_eq!(form_of_reason.matches("<button").count(), 1, "{form_of_reason}");
    assert!(form_of_reason.contains("name=\"answer\" value=\"deny\""));
    assert_eq!(house.send(form(&path, "answer=perhaps")).await.status, 422);
    let away = house.send(form(&path, "answer=deny&memo=no&back=//evil.example")).await;
    assert_eq!(away.status, 303);
    assert_eq!(house.send(form(&path, "answer=approve")).await.status, 409);
    let decided = house.get("/approvals?state=decided").await.text;
    assert!(decided.contains("Denied by Ada over cli: no"), "{decided}");
}

#[tokio::test]
async fn what_waits_is_found_by_its_words_and_what_is_not_shown_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    waiting(&house).await;
    waiting_to_write(&house, "ann@example.org").await;
    let found = house.get("/api/approvals?q=ANN").await.json();
    assert_eq!(
        (&found["total"], &found["approvals"][0]["recipient"]),
        (&json!(1), &json!("ann@example.org"))
    );
    let page = house.get("/approvals?q=ann").await.text;
    assert!(page.contains("<mark>ann@example.org</mark>"), "{page}");
    assert!(!page.contains("<mark>eve@evil.example</mark>"), "{page}");
    assert!(page.contains("One more waits for you and is not shown."), "{page}");
    assert!(page.contains("name=\"state\" value=\"waiting\""), "it stays on its tab: {page}");
    let none = house.get("/approvals?q=bob").await.text;
    assert!(none.contains("No approval has these words."), "{none}");
    assert!(none.contains("2 more wait for you and are not shown."), "{none}");
    assert!(none.contains("href=\"/approvals?state=waiting\">Show all approvals</a>"), "{none}");
    assert!(!house.get("/approvals").await.text.contains("not shown"));
}

#[tokio::test]
async fn what_was_decided_is_found_by_what_its_card_shows() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let late = waiting(&house).await;
    let call = waiting_to_write(&house, "ann@example.org").await;
    let memo = json!({"memo": "Too late"});
    house.post(&format!("/api/tool-calls/{late}/deny"), &memo).await;
    let edited = json!({"edited_arguments": {"to": "ann@example.org", "text": "100% fine"}});
    house.post(&format!("/api/tool-calls/{call}/approve"), &edited).await;
    for (words, total) in [
        ("", 2),
        ("mail", 2),
        ("l_s", 2),
        ("EVE", 1),
        ("too+late", 1),
        ("hi%3C/b", 1),
        ("%25", 1),
        ("emai_", 0),
        // A value is found, and not what it is called.
        ("text", 0),
    ] {
        let found = house.get(&format!("/api/approvals?state=decided&q={words}")).await.json();
        assert_eq!(found["total"], total, "{words}: {found}");
        assert_eq!(found["approvals"].as_array().unwrap().len(), total, "{words}");
    }
    let page = house.get("/approvals?state=decided&q=too+late").await.text;
    assert!(page.contains("Denied by Ada over cli: Too late"), "{page}");
    assert!(!page.contains("Changed and approved"), "{page}");
    assert!(page.contains("name=\"state\" value=\"decided\""), "it stays on its tab: {page}");
    let nothing = house.get("/approvals?state=decided&q=bob").await.text;
    assert!(nothing.contains("No approval has these words."), "{nothing}");
    let all = "href=\"/approvals?state=decided\">Show all approvals</a>";
    assert!(nothing.contains(all) && !nothing.contains("not shown"), "{nothing}");
}

#[tokio::test]
async fn changing_before_approving_works_by_form() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let path = format!("/approvals/{call}/edit");
    let page = house.get(&path).await.text;
    for part in
        ["<label for=\"arg-1\">to</label>", "name=\"arg.to\"", "\neve@evil.example</textarea>"]
    {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("JSON"), "{page}");
    for odd in ["arg.to=ann%40example.org", "arg.to=a&arg.text=b&arg.cc=c", "arguments=%7B%7D"] {
        assert_eq!(house.send(form(&path, odd)).await.status, 422, "{odd}");
    }
    // An untouched text stays to the byte, however a browser ends its lines.
    let fields = "arg.to=ann%40example.org&arg.text=%3Cb%3Ehi%3C%2Fb%3E";
    assert_eq!(house.send(form(&path, fields)).await.status, 303);
    let found = house.get(&format!("/api/approvals/{call}")).await.json();
    let edited = json!({"to": "ann@example.org", "text": "<b>hi</b>"});
    assert_eq!(found["edited_arguments"], edited);
    assert_eq!(found["answered_via"], Value::from("cli"));
}

#[tokio::test]
async fn each_argument_is_changed_in_a_field_of_its_own_type() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let asked = json!({
        "body": "\nline 1\r\n  line 2\n", "count": 3, "share": 0.5, "loud": true, "quiet": false,
        "tags": ["a", "b"], "none": null,
    });
    let kept = asked.to_string();
    let set = "update approvals set arguments = ?2 where call_id = ?1";
    house.app.db.write(move |tx| tx.execute(set, (call, kept))).await.unwrap();
    let path = format!("/approvals/{call}/edit");
    let page = house.get(&path).await.text;
    for part in [
        "name=\"arg.body\" rows=\"4\" autocomplete=\"off\" autofocus>\n\nline 1\r\n  line 2\n</textarea>",
        "name=\"arg.count\" type=\"number\" step=\"any\" value=\"3\"",
        "name=\"arg.share\" type=\"number\" step=\"any\" value=\"0.5\"",
        "<input type=\"checkbox\" name=\"arg.loud\" value=\"yes\" checked> loud",
        "<input type=\"checkbox\" name=\"arg.quiet\" value=\"yes\"> quiet",
        "tags <small>JSON</small>",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    // As a browser sends it.
    let send = async |count: &str, tags: &str| {
        let mut fields = url::form_urlencoded::Serializer::new(String::new());
        fields
            .append_pair("arg.body", "\r\nline 1\r\n  line 2\r\n")
            .append_pair("arg.count", count);
        fields.append_pair("arg.share", "0.5").append_pair("arg.quiet", "yes");
        fields.append_pair("arg.tags", tags).append_pair("arg.none", "null");
        house.send(form(&path, &fields.finish())).await
    };
    let wrong = send("many", "[\"a\"").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    for part in [
        "id=\"arg-1-error\"",
        "This is a number, such as 12.",
        "aria-describedby=\"arg-1-error\" autofocus>",
        "This is not valid JSON, from line 1, character 4 on.",
        "\n[&#34;a&#34;</textarea>",
    ] {
        assert!(wrong.text.contains(part), "{part} is missing in {}", wrong.text);
    }
    assert_eq!(send("12", "[\"a\"]").await.status, 303);
    let found = house.get(&format!("/api/approvals/{call}")).await.json();
    let expected = json!({
        "body": "\nline 1\r\n  line 2\n", "count": 12, "share": 0.5, "loud": false, "quiet": true,
        "tags": ["a"], "none": null,
    });
    assert_eq!(found["edited_arguments"], expected);
    let decided = house.get("/approvals?state=decided").await.text;
    assert!(
        decided.contains("<summary class=\"mono\"><bdi>body: line 1…</bdi></summary>"),
        "{decided}"
    );
}

#[tokio::test]
async fn a_value_that_the_tool_does_not_take_is_said_beside_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let call = waiting(&house).await;
    let set = "update approvals set tool = 'files_read', arguments = ?2 where call_id = ?1";
    let asked = json!({"path": "a.txt", "part": 3}).to_string();
    house.app.db.write(move |tx| tx.execute(set, (call, asked))).await.unwrap();
    let path = format!("/approvals/{call}/edit");
    let wrong = house.send(form(&path, "arg.path=a.txt&arg.part=2.5")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let error = wrong.text.split_once("id=\"arg-0-error\"").unwrap().1;
    assert!(error.split("</p>").next().unwrap().contains("has the wrong type"), "{}", wrong.text);
    assert_eq!(house.get("/api/approvals").await.json()["total"], 1, "it still waits");
}

#[tokio::test]
async fn of_two_channels_that_answer_at_once_exactly_one_wins_fifty_times() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for round in 0..50 {
        let call = waiting(&house).await;
        let found = house.get(&format!("/api/approvals/{call}")).await.json();
        let id = found["id"].as_str().unwrap();
        let (yes, nothing) = (format!("/api/tool-calls/{call}/approve"), json!({}));
        let program = house.post(&yes, &nothing);
        let page = house.send(form(&format!("/approvals/{id}"), "answer=deny"));
        let (program, page) = match round % 2 {
            0 => tokio::join!(program, page),
            _ => {
                let (page, program) = tokio::join!(page, program);
                (program, page)
            }
        };
        let found = house.get(&format!("/api/approvals/{call}")).await.json();
        let winner = match (program.status.as_u16(), page.status.as_u16()) {
            (200, 409) => "approved",
            (409, 303) => "denied",
            both => panic!("round {round}: {both:?}"),
        };
        assert_eq!(found["state"], winner, "round {round}");
        let loser = if winner == "approved" { page.text } else { program.text };
        assert!(loser.contains(&format!("Ada already {winner} this on")), "{loser}");
    }
}

#[tokio::test]
async fn single_keys_are_shortcuts_until_a_person_switches_them_off() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    waiting(&house).await;
    let page = house.get("/approvals").await.text;
    assert!(page.contains("data-keys=\"on\"") && page.contains("tabindex=\"-1\""), "{page}");
    assert!(page.contains("<kbd>j</kbd> <kbd>k</kbd>"), "the help sheet tells of them");
    let settings = house.get("/settings").await.text;
    assert_eq!(settings.matches("action=\"/keys\"").count(), 2, "there and in the help sheet");
    let new = json!({"username": "eve", "password": "long enough it is"});
    assert_eq!(house.post("/api/admin/users", &new).await.status, 200);
    let eve = Browser::new(house.router(), "192.0.2.7:1000");
    let login = [("name", "eve"), ("password", "long enough it is")];
    assert_eq!(eve.submit("/login", &login).await.status, 303);
    for keys in ["off", "on"] {
        assert_eq!(eve.submit("/keys", &[("keys", keys)]).await.status, 303);
        assert!(eve.get("/notes").await.text.contains(&format!("data-keys=\"{keys}\"")));
    }
    assert_eq!(eve.submit("/keys", &[("keys", "some")]).await.status, 422);
}
