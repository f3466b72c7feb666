//! Conversations: found, named, put away and brought back, by the API and on their page.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::TestApp;

use super::wire::House;
use crate::callers::{as_user, signed_in, with_token};

async fn open() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (TestApp::open(folder.path()).await, folder)
}

/// Says this in a conversation of its own, a minute after the last; gives its id.
async fn said(house: &TestApp, words: &str) -> String {
    house.shift(SignedDuration::from_mins(1));
    let chat = house.say(None, words).await;
    house.work().await;
    chat
}

async fn titles(house: &TestApp, query: &str) -> Vec<String> {
    let found = house.get(&format!("/api/conversations{query}")).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    let found = found.json()["conversations"].as_array().unwrap().clone();
    found.iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect()
}

fn request(method: Method, path: &str, body: &Value) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

#[tokio::test]
async fn they_are_listed_by_their_latest_word_page_by_page() {
    let (house, _folder) = open().await;
    let mut chats = Vec::new();
    for words in ["note: a", "note: b", "note: c", "note: d", "note: e"] {
        chats.push(said(&house, words).await);
    }
    house.shift(SignedDuration::from_mins(1));
    house.say(Some(&chats[1]), "status").await;
    house.work().await;
    assert_eq!(titles(&house, "").await, ["note: b", "note: e", "note: d", "note: c", "note: a"]);
    let page = house.get("/api/conversations?per_page=2&page=2").await.json();
    assert_eq!(
        (&page["total"], &page["page"], &page["per_page"]),
        (&json!(5), &json!(2), &json!(2))
    );
    assert_eq!(titles(&house, "?per_page=2&page=2").await, ["note: d", "note: c"]);
    assert_eq!(titles(&house, "?per_page=2&page=3").await, ["note: a"]);
    assert_eq!(titles(&house, "?per_page=2&page=4").await, [""; 0]);
    let first = &house.get("/api/conversations").await.json()["conversations"][0];
    assert_eq!((&first["id"], &first["message_count"]), (&json!(chats[1]), &json!(6)));
    assert_eq!(
        (&first["started_at"], &first["updated_at"]),
        (&json!("2030-01-01T09:02:00Z"), &json!("2030-01-01T09:06:00Z"))
    );
    assert_eq!(first["channel"], "web");
    for (query, field) in [("per_page=201", "per_page"), ("page=0", "page"), ("search=x", "search")]
    {
        let refused = house.get(&format!("/api/conversations?{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(refused.text.contains(field), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_word_of_the_title_finds_them_and_its_signs_mean_themselves() {
    let (house, _folder) = open().await;
    for words in ["note: 100% Boiler", "note: 100 boilers", "note: snake_case", "note: roses"] {
        said(&house, words).await;
    }
    assert_eq!(titles(&house, "?q=BOILER").await, ["note: 100 boilers", "note: 100% Boiler"]);
    assert_eq!(titles(&house, "?q=100%25").await, ["note: 100% Boiler"]);
    assert_eq!(titles(&house, "?q=e_c").await, ["note: snake_case"]);
    assert_eq!(titles(&house, "?q=tulips").await, [""; 0]);
    assert_eq!(house.get("/api/conversations?q=boiler").await.json()["total"], 2);
}

#[tokio::test]
async fn the_first_words_are_the_title_until_somebody_gives_a_better_one() {
    let (house, _folder) = open().await;
    let long = "note: the boiler in the cellar was serviced in May and it works well again";
    let chat = said(&house, &format!("\n  {long}\nand more")).await;
    let path = format!("/api/conversations/{chat}");
    let title = house.get(&path).await.json()["title"].as_str().unwrap().to_owned();
    let begin = title.strip_suffix('…').unwrap();
    assert!(long.starts_with(begin) && long[begin.len()..].starts_with(' '), "{title}");
    assert!(title.chars().count() <= 61, "{title}");
    house.say(Some(&chat), "status").await;
    house.work().await;
    assert_eq!(house.get(&path).await.json()["title"], title);
    let named = house.send_json("PATCH", &path, &json!({"title": "  Boiler  "})).await;
    assert_eq!(named.json(), json!({"ok": true}));
    house.say(Some(&chat), "status").await;
    house.work().await;
    assert_eq!(house.get(&path).await.json()["title"], "Boiler");
    for wrong in
        [json!({"title": " "}), json!({"title": "x".repeat(201)}), json!({"name": "x"}), json!({})]
    {
        let refused = house.send_json("PATCH", &path, &wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(house.get(&path).await.json()["title"], "Boiler");
    assert!(house.get("/api/audit").await.text.contains("conversations.rename"));
}

#[tokio::test]
async fn a_deleted_one_is_out_of_sight_everywhere_and_what_went_on_in_it_stops() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", "I look first.");
    let chat = uuid::Uuid::new_v4().to_string();
    let mut talk = house.talk(&["chat"], &chat).await;
    let note = json!({"type": "message", "content": "note: roses", "model": "builtin:commands"});
    talk.send(&note).await;
    talk.hear("done").await;
    talk.send(&json!({"type": "message", "content": "Tidy up, please", "model": "p:m"})).await;
    talk.hear("confirmation_required").await;
    let house = &house.app;
    assert_eq!(house.get("/api/approvals").await.json()["total"], 1);
    let path = format!("/api/conversations/{chat}");
    let theirs = as_user(house, &["*"], request(Method::DELETE, &path, &json!({}))).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{}", theirs.text);
    assert_eq!(house.get("/api/approvals").await.json()["total"], 1, "others stop nothing");
    let gone = house.send_json("DELETE", &path, &json!({})).await;
    assert_eq!(gone.json(), json!({"ok": true}));
    assert_eq!(house.get("/api/approvals").await.json()["total"], 0, "its question went with it");
    assert_eq!(titles(house, "").await, [""; 0]);
    for seen in [path.clone(), format!("/chat/{chat}"), format!("/chat/{chat}/stream")] {
        assert_eq!(house.get(&seen).await.status, StatusCode::NOT_FOUND, "{seen}");
    }
    let more = json!({"message": "more", "conversation_id": chat});
    assert_eq!(house.post("/api/chat/completions", &more).await.status, StatusCode::NOT_FOUND);
    assert!(!house.get("/chat").await.text.contains("note: roses"));
    assert!(!house.get("/conversations").await.text.contains("note: roses"));
    let again = house.send_json("DELETE", &path, &json!({})).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "{}", again.text);
    let renamed = house.send_json("PATCH", &path, &json!({"title": "x"})).await;
    assert_eq!(renamed.status, StatusCode::NOT_FOUND);
    assert_eq!(talk.hear("error").await["code"], "stopped");
    assert!(plan.exists());
    // What was written down in it stays.
    assert_eq!(house.get("/api/notes").await.json()["total"], 1);
}

#[tokio::test]
async fn the_other_address_is_the_same_list() {
    let (house, _folder) = open().await;
    let chat = said(&house, "note: roses").await;
    let both = async |rest: &str| {
        let one = house.get(&format!("/api/conversations{rest}")).await.json();
        let other = house.get(&format!("/api/chat/conversations{rest}")).await.json();
        assert_eq!(one, other, "{rest}");
        one
    };
    both("").await;
    both("?q=rose&per_page=1").await;
    let one = both(&format!("/{chat}")).await;
    let said: Vec<&str> =
        one["messages"].as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap()).collect();
    assert_eq!(said, ["user", "assistant", "assistant"]);
    let other = format!("/api/chat/conversations/{chat}");
    let named = house.send_json("PATCH", &other, &json!({"title": "Garden"})).await;
    assert_eq!(named.status, StatusCode::OK);
    assert_eq!(both(&format!("/{chat}")).await["title"], "Garden");
    assert_eq!(house.send_json("DELETE", &other, &json!({})).await.status, StatusCode::OK);
    assert_eq!(both("").await["total"], 0);
}

#[tokio::test]
async fn others_and_narrow_keys_reach_none_of_them() {
    let (house, _folder) = open().await;
    let chat = said(&house, "note: roses").await;
    let path = format!("/api/conversations/{chat}");
    let name = json!({"title": "Mine"});
    for (method, body) in
        [(Method::GET, json!({})), (Method::PATCH, name.clone()), (Method::DELETE, json!({}))]
    {
        let theirs = as_user(&house, &["*"], request(method.clone(), &path, &body)).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{method}: {}", theirs.text);
        let scopes: &[&str] =
            if method == Method::GET { &["write", "chat"] } else { &["read", "chat"] };
        let narrow = with_token(&house, scopes, request(method.clone(), &path, &body)).await;
        assert_eq!(narrow.status, StatusCode::FORBIDDEN, "{method}: {}", narrow.text);
    }
    let list = request(Method::GET, "/api/conversations", &json!({}));
    assert_eq!(as_user(&house, &["*"], list).await.json()["total"], 0);
    assert_eq!(titles(&house, "").await, ["note: roses"]);
}

#[tokio::test]
async fn on_the_page_one_is_found_renamed_deleted_and_brought_back_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, eve) = signed_in(folder.path()).await;
    let mut chats = Vec::new();
    for words in ["note: roses", "note: tulips & more"] {
        let new = json!({"message": words});
        let made = ada.json("POST", "/api/runs", &new).await;
        chats.push(made.json()["conversation_id"].as_str().unwrap().to_owned());
        house.work().await;
    }
    let found = ada.get("/conversations?q=ROSE").await.text;
    assert!(found.contains("note: roses") && !found.contains("tulips"), "{found}");
    assert!(found.contains("value=\"ROSE\""), "what was looked for stays in its field");
    let nothing = ada.get("/conversations?q=lily").await.text;
    assert!(nothing.contains("No conversation is called that."), "{nothing}");

    let home = format!("/conversations/{}", chats[0]);
    assert!(!eve.get("/conversations").await.text.contains("note: roses"));
    for page in ["rename", "delete", "restore"] {
        let fields: &[(&str, &str)] = if page == "rename" { &[("title", "Mine")] } else { &[] };
        let theirs = eve.submit(&format!("{home}/{page}"), fields).await;
        assert_eq!(theirs.status, 404, "{page}");
    }
    let renamed = ada.submit(&format!("{home}/rename"), &[("title", "<b>Garden</b>")]).await;
    assert_eq!(renamed.brief(), "303 /conversations");
    let page = ada.get("/conversations").await.text;
    assert!(
        page.contains("It is called “&#60;b&#62;Garden&#60;/b&#62;” now.")
            && page.contains("&#60;b&#62;Garden"),
        "{page}"
    );
    let refused = ada.submit(&format!("{home}/rename"), &[("title", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Give it a title"), "{}", refused.text);

    let deleted = ada.submit(&format!("{home}/delete"), &[]).await;
    assert_eq!(deleted.brief(), "303 /conversations");
    let page = ada.get("/conversations").await.text;
    let undo = format!("{home}/restore");
    assert!(page.contains("Garden") && page.contains("deleted.") && page.contains(&undo), "{page}");
    let listed = ada.get("/conversations").await.text;
    assert!(!listed.contains("Garden"), "it is said once: {listed}");
    assert_eq!(ada.get(&format!("/chat/{}", chats[0])).await.status, 404);
    assert_eq!(ada.submit(&undo, &[]).await.brief(), "303 /conversations");
    let page = ada.get("/conversations").await.text;
    assert!(page.contains("Brought back.") && page.contains("Garden"), "{page}");
    let chat = ada.get(&format!("/chat/{}", chats[0])).await;
    assert_eq!(chat.status, 200);
    assert!(chat.text.contains("note: roses"), "{}", chat.text);
}
