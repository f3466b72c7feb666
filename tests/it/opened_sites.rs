//! Sites opened for one conversation: by the API, the page and the owner's words.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::ids::ConversationId;
use steward::testing::TestApp;

use crate::callers::{as_user, form, with_token};
use crate::site::{Site, html};

const PAGE: &str = "<title>Hours</title><p>Nine to five.</p>";

/// A house whose own machine may be read, once it is opened.
async fn house_beside(site: &Site) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let toml = format!("[guard]\nprivate_allowed = [\"{}\"]\n", site.address);
    (TestApp::with_config(folder.path(), &toml).await, folder)
}

fn sites_of(chat: &str) -> String {
    format!("/api/conversations/{chat}/opened-sites")
}

/// Says it in this chat, lets the house work, and gives the answer.
async fn said(house: &TestApp, chat: &str, words: &str) -> String {
    house.say(Some(chat), words).await;
    house.work().await;
    house.last_answer(chat).await
}

async fn audit(house: &TestApp, action: &str) -> Vec<Value> {
    let found = house.get("/api/audit?per_page=100").await.json();
    let entries = found["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["action"] == action).cloned().collect()
}

#[tokio::test]
async fn opened_site_is_read_in_its_conversation_and_in_no_other() {
    let site = Site::start(|_| html(PAGE)).await;
    let (house, _folder) = house_beside(&site).await;
    let fetch = format!("fetch {}", site.url("/hours"));
    let (here, there) = (house.say(None, "hello").await, house.say(None, "hello").await);
    house.work().await;
    // An address that the owner typed opens nothing by itself.
    let shut = said(&house, &here, &fetch).await;
    assert!(shut.contains("is not on the web whitelist"), "{shut}");
    let other = house.post(&sites_of(&here), &json!({"domain": "127.0.0.1:9"})).await;
    assert_eq!(other.status, 400, "another port of it would open nothing: {}", other.text);
    let opened = house.post(&sites_of(&here), &json!({"domain": "127.0.0.1"})).await;
    assert_eq!(opened.json(), json!({"ok": true, "domain": "127.0.0.1"}));
    assert!(said(&house, &here, &fetch).await.contains("Nine to five"));
    assert!(said(&house, &there, &fetch).await.contains("is not on the web whitelist"));
    let list = house.get(&sites_of(&here)).await.json();
    assert_eq!(list["total"], 1);
    assert_eq!(list["opened_sites"][0]["opened_at"], "2030-01-01T09:00:00Z");
    let one = format!("{}/127.0.0.1", sites_of(&here));
    assert_eq!(house.send_json("DELETE", &one, &Value::Null).await.status, 200);
    assert_eq!(house.send_json("DELETE", &one, &Value::Null).await.status, 404);
    assert!(said(&house, &here, &fetch).await.contains("is not on the web whitelist"));
    for action in ["opened_sites.add", "opened_sites.remove"] {
        let rows = audit(&house, action).await;
        assert_eq!(rows.len(), 1, "{action}");
        assert!(rows[0].to_string().contains(&here), "{rows:?}");
    }
}

#[tokio::test]
async fn what_is_everybodys_or_at_home_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "hello").await;
    let mut told = Vec::new();
    for typed in ["co.uk", "*.github.io", "192.168.0.1", "http://[::1]/x", "169.254.169.254", "a b"]
    {
        let answer = house.post(&sites_of(&chat), &json!({"domain": typed})).await;
        told.push(format!("{} {}", answer.status.as_u16(), answer.json()["error"]));
    }
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(house.get(&sites_of(&chat)).await.json()["total"], 0);
    let twice = json!({"domain": "https://example.org/a?b=c"});
    assert_eq!(house.post(&sites_of(&chat), &twice).await.json()["domain"], "example.org");
    assert_eq!(house.post(&sites_of(&chat), &twice).await.status, 409);
}

#[tokio::test]
async fn a_chat_has_a_bounded_number_of_open_sites() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "hello").await;
    for count in 0..steward::guard::opened::SITES_MAX {
        let site = json!({"domain": format!("n{count}.example.org")});
        assert_eq!(house.post(&sites_of(&chat), &site).await.status, 200);
    }
    let more = house.post(&sites_of(&chat), &json!({"domain": "one-more.example.org"})).await;
    assert_eq!(more.status, 400);
    assert_eq!(more.json()["error"], "A chat has at most 50 open sites. Close one first.");
}

#[tokio::test]
async fn only_who_owns_the_chat_opens_sites_and_a_key_needs_admin() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "hello").await;
    let request = || {
        Request::post(sites_of(&chat))
            .header("content-type", "application/json")
            .body(Body::from(r#"{"domain": "example.org"}"#))
            .unwrap()
    };
    assert_eq!(with_token(&house, &["chat", "write"], request()).await.status, 403);
    assert_eq!(as_user(&house, &["*", "admin"], request()).await.status, 403);
    assert_eq!(with_token(&house, &["write", "admin"], request()).await.status, 200);
    let list = || Request::get(sites_of(&chat)).body(Body::empty()).unwrap();
    assert_eq!(as_user(&house, &["*"], list()).await.status, 404);
}

#[tokio::test]
async fn words_open_and_close_a_site_and_a_chat_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let chat = house.say(None, "Open Example.org for this chat.").await;
    let mut told = vec![house.last_answer(&chat).await];
    for words in [
        "open example.org for this chat",
        "open co.uk for this chat",
        "close example.org for this chat",
        "close example.org for this chat",
    ] {
        told.push(said(&house, &chat, words).await);
    }
    insta::assert_snapshot!(told.join("\n"));
    let body = json!({"message": "open example.org for this chat", "conversation_id": chat});
    let request = Request::post("/api/chat/completions")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let refused = with_token(&house, &["chat"], request).await;
    assert!(refused.text.contains("This key lacks the scope admin."), "{}", refused.text);
    assert_eq!(house.get(&sites_of(&chat)).await.json()["total"], 0);
}

#[tokio::test]
async fn page_opens_shows_and_closes_sites_without_script() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let begun = house.send(form("/chat/sites", "domain=example.org")).await;
    assert_eq!(begun.status, 303);
    let talks = house.get("/api/conversations").await.json();
    let chat = talks["conversations"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(talks["conversations"][0]["title"], "New chat");
    let page = format!("/chat/{chat}");
    let shown = house.get(&page).await.text;
    assert!(shown.contains("Close example.org for this chat"), "{shown}");
    let bad = house.send(form(&format!("{page}/sites"), "domain=co.uk")).await;
    assert_eq!(bad.status, 422);
    assert!(bad.text.contains("value=\"co.uk\"") && bad.text.contains("anybody can have a site"));
    assert_eq!(house.send(form(&format!("{page}/sites"), "domain=example.org")).await.status, 409);
    assert_eq!(house.send(form(&format!("{page}/sites/example.org/close"), "")).await.status, 303);
    assert!(!house.get(&page).await.text.contains("Close example.org"));
    // Undo.
    assert_eq!(house.send(form(&format!("{page}/sites/example.org/open"), "")).await.status, 303);
    assert!(house.get(&page).await.text.contains("Close example.org"));
    // The first words still name it.
    house.say(Some(&chat), "status").await;
    let found = house.get(&format!("/api/conversations/{chat}")).await.json();
    assert_eq!(found["title"], "status");
    let elsewhere = ConversationId::new(house.app.clock.now());
    let missing = house.send(form(&format!("/chat/{elsewhere}/sites/a.org/close"), "")).await;
    assert_eq!(missing.status, 404);
}
