//! Keys for other programs.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::poll;
use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::{Answer, TestApp};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{Fresh, steady};

/// It comes at once; a test that waits this long has failed.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_key_is_shown_once_and_can_be_changed_rotated_and_ended() {
    let (fresh, ada) = Fresh::owned().await;
    let made =
        ada.json("POST", "/api/tokens", &json!({"name": "laptop", "scopes": ["read"]})).await;
    assert_eq!(made.status, 201);
    let (made, key) = (made.json(), made.json()["token"].as_str().unwrap().to_owned());
    assert!(key.starts_with("stw_") && key.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!(made["scopes"], json!(["read"]));
    assert_eq!(made["expires_at"], Value::Null);
    let path = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    assert!(fresh.with_key(&key, "GET", "/api/me", "").await.starts_with("200"));
    let list = ada.get("/api/api-keys").await;
    assert!(!list.text.contains(&key) && list.text.contains("laptop"));
    assert_eq!(list.json()["tokens"][0]["last_used_at"], "2030-01-01T09:00:00Z");

    let change =
        json!({"name": "desk", "scopes": ["read", "write"], "expires_at": "2030-01-02T09:00:00Z"});
    let changed = ada.json("PATCH", &path, &change).await.json();
    assert_eq!((&changed["name"], &changed["scopes"]), (&"desk".into(), &json!(["read", "write"])));
    let endless = ada.json("PATCH", &path, &json!({"expires_at": null})).await.json();
    assert_eq!(endless["expires_at"], Value::Null);
    assert_eq!(endless["name"], "desk");

    let rotated = ada.json("POST", &format!("{path}/rotate"), &json!({})).await.json();
    let newer = rotated["token"].as_str().unwrap().to_owned();
    assert!(fresh.with_key(&key, "GET", "/api/me", "").await.starts_with("401"));
    assert!(fresh.with_key(&newer, "GET", "/api/me", "").await.starts_with("200"));
    assert_eq!(ada.json("DELETE", &path, &json!({})).await.status, 200);
    assert!(fresh.with_key(&newer, "GET", "/api/me", "").await.starts_with("401"));
    assert_eq!(ada.get(&path).await.status, 404);
    assert_eq!(ada.get("/api/tokens").await.json()["total"], 0);
}

#[tokio::test]
async fn keys_are_made_by_people_only() {
    let (fresh, _) = Fresh::owned().await;
    let all = json!(["*", "admin", "approvals", "credentials:reveal"]);
    let key = fresh.key(json!({"name": "strong", "scopes": all})).await;
    let list = fresh.with_key(&key, "GET", "/api/tokens", "").await;
    assert!(list.starts_with("200"), "{list}");
    for (method, path, body) in [
        ("POST", "/api/tokens", r#"{"name": "more"}"#),
        ("POST", "/api/v1/api-keys", r#"{"name": "more"}"#),
        ("PUT", "/api/me/password", r#"{"current_password": "a", "new_password": "b"}"#),
        (
            "POST",
            "/api/admin/users",
            r#"{"username": "eve", "password": "long enough it is", "role": "admin"}"#,
        ),
    ] {
        let refused = fresh.with_key(&key, method, path, body).await;
        assert!(refused.starts_with("403") && refused.contains("A key can't do that"), "{refused}");
    }
}

#[tokio::test]
async fn a_key_ends_when_it_says_so() {
    let (fresh, _) = Fresh::owned().await;
    let key = fresh.key(json!({"name": "short", "expires_at": "2030-01-01T10:00:00Z"})).await;
    assert!(fresh.with_key(&key, "GET", "/api/me", "").await.contains("\"scopes\":[\"*\"]"));
    fresh.house.advance(SignedDuration::from_hours(1)).await;
    assert!(fresh.with_key(&key, "GET", "/api/me", "").await.starts_with("401"));
    let forged = format!("{}0", &key[..key.len() - 1]);
    assert!(fresh.with_key(&forged, "GET", "/api/me", "").await.starts_with("401"));
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said() {
    let (_fresh, ada) = Fresh::owned().await;
    let refused = async |body: Value| {
        let answer = ada.json("POST", "/api/tokens", &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        steady(answer.json()).to_string()
    };
    assert_snapshot!(refused(json!({})).await, @r#"{"code":"invalid","detail":"name","error":"The field \"name\" is missing."}"#);
    assert_snapshot!(refused(json!({"name": "x", "scope": ["read"]})).await, @r#"{"code":"invalid","detail":"scope","error":"There is no field \"scope\" here; did you mean \"scopes\"?"}"#);
    assert_snapshot!(refused(json!({"name": "x", "scopes": ["reed"]})).await, @r#"{"code":"invalid","detail":"scopes[0]","error":"There is no scope \"reed\". The scopes are *, read, write, chat, admin, credentials:reveal, approvals, integrations:read, integrations:write, integrations:assistant, integrations:handoff."}"#);
    assert_snapshot!(refused(json!({"name": "x", "scopes": "read"})).await, @r#"{"code":"invalid","detail":"scopes","error":"The field \"scopes\" must be a list, not a text."}"#);
    assert_snapshot!(refused(json!({"name": "x", "scopes": []})).await, @r#"{"code":"invalid","detail":"scopes","error":"Name at least one scope, or leave the field out for all of them."}"#);
    assert_snapshot!(refused(json!({"name": " "})).await, @r#"{"code":"invalid","detail":"name","error":"Name the key, in one line of up to 100 characters."}"#);
    assert_snapshot!(refused(json!({"name": "x", "expires_at": "tomorrow"})).await, @r#"{"code":"invalid","detail":"expires_at","error":"The field \"expires_at\" must be a time such as 2027-01-01T00:00:00Z, not that."}"#);
    assert_snapshot!(refused(json!({"name": "x", "expires_at": "2029-01-01T00:00:00Z"})).await, @r#"{"code":"invalid","detail":"expires_at","error":"That time has passed. Pick a later one."}"#);
    let page = ada.get("/api/tokens?page=0&perpage=3").await;
    assert_snapshot!(steady(page.json()).to_string(), @r#"{"code":"invalid","detail":"perpage","error":"There is no parameter \"perpage\" here; did you mean \"per_page\"?"}"#);
    let gone = ada.get("/api/tokens/not-an-id").await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn the_page_shows_a_new_key_once_and_renews_and_ends_it() {
    let (fresh, ada) = Fresh::owned().await;
    let key_in = |page: &str| {
        let key =
            page.split("stw_").find(|it| it.len() > 48 && it.as_bytes()[47].is_ascii_hexdigit());
        key.map(|it| format!("stw_{}", &it[..48]))
    };
    let form = [("name", "laptop"), ("scope.read", "yes"), ("expires", "in 30 days")];
    let made = ada.submit("/tokens", &form).await;
    assert_eq!((made.status, made.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    let key = key_in(&made.text).unwrap();
    assert!(fresh.with_key(&key, "GET", "/api/notes", "").await.starts_with("200"));
    assert!(fresh.with_key(&key, "POST", "/api/notes", "{}").await.starts_with("403"));
    let page = ada.get("/tokens").await.text;
    assert!(page.contains("laptop") && page.contains("2030-01-31T09:00:00Z"), "{page}");
    assert!(!page.contains(&key), "{page}");

    let id = ada.get("/api/tokens").await.json()["tokens"][0]["id"].as_str().unwrap().to_owned();
    let rotated = ada.submit(&format!("/tokens/{id}/rotate"), &[]).await;
    let newer = key_in(&rotated.text).unwrap();
    assert!(fresh.with_key(&key, "GET", "/api/notes", "").await.starts_with("401"));
    assert!(fresh.with_key(&newer, "GET", "/api/notes", "").await.starts_with("200"));
    assert_eq!(ada.submit(&format!("/tokens/{id}/revoke"), &[]).await.brief(), "303 /tokens");
    assert!(fresh.with_key(&newer, "GET", "/api/notes", "").await.starts_with("401"));
    let empty = ada.get("/tokens").await.text;
    assert!(
        empty.contains("The key laptop no longer works.") && empty.contains("Make the first key")
    );
}

#[tokio::test]
async fn what_is_wrong_in_the_form_of_a_key_stands_at_its_field() {
    let (_fresh, ada) = Fresh::owned().await;
    let refused = async |form: &[(&str, &str)], status: u16, sentence: &str| {
        let page = ada.submit("/tokens", form).await;
        assert_eq!(page.status, status, "{form:?}");
        assert!(page.text.contains(sentence), "{sentence} is not in {}", page.text);
        page.text
    };
    let all = ("scope.*", "yes");
    refused(&[("name", ""), all], 422, "Name the key").await;
    let kept = refused(&[("name", "desk"), ("expires", "in 3 days")], 422, "at least one").await;
    assert!(kept.contains("value=\"desk\"") && kept.contains("value=\"in 3 days\""), "{kept}");
    refused(&[("name", "desk"), all, ("expires", "yesterday")], 422, "Pick a later one").await;
    refused(&[("name", "desk"), all, ("expires", "when pigs fly")], 422, "pigs").await;
    refused(&[("name", "desk"), ("scope.reed", "yes")], 422, "There is no scope").await;
    refused(&[("name", "desk"), all, ("colour", "red")], 422, "There is no field").await;
    assert_eq!(ada.get("/api/tokens").await.json()["total"], 0);
}

#[tokio::test]
async fn the_same_idempotency_key_does_the_thing_once() {
    let (fresh, _) = Fresh::owned().await;
    let key = fresh.key(json!({"name": "retries"})).await;
    let post = async |path: &str, once: &str, body: &str| {
        let request = axum::http::Request::post(path)
            .header("x-api-key", &key)
            .header("content-type", "application/json")
            .header("idempotency-key", once)
            .body(axum::body::Body::from(body.to_owned()));
        let answer = fresh.house.send_raw(request.unwrap()).await;
        (answer.status.as_u16(), answer.text)
    };
    let eve = r#"{"username": "eve", "password": "long enough it is"}"#;
    let first = post("/api/admin/users", "k1", eve).await;
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(post("/api/admin/users", "k1", eve).await, first);
    let other = post("/api/admin/users", "k1", r#"{"username": "bob"}"#).await;
    assert!(other.0 == 409 && other.1.contains("used for another request"), "{}", other.1);
    // Without the key, or under another, it is done again; here that is a duplicate.
    assert_eq!(post("/api/admin/users", "k2", eve).await.0, 409);
    fresh.house.advance(SignedDuration::from_hours(25)).await;
    assert_eq!(post("/api/admin/users", "k1", eve).await.0, 409);
}

#[tokio::test]
async fn a_key_that_is_shown_once_is_not_kept_for_a_retry() {
    let (fresh, _) = Fresh::owned().await;
    let post = async || {
        let request = axum::http::Request::post("/api/tokens")
            .header("content-type", "application/json")
            .header("idempotency-key", "once")
            .body(axum::body::Body::from(r#"{"name": "laptop"}"#));
        fresh.house.send(request.unwrap()).await
    };
    assert_eq!(post().await.status, 201);
    let again = post().await;
    assert!(again.status == 409 && again.text.contains("shown only once"), "{}", again.text);
    let kept = fresh.house.read(|r| {
        r.one("select body from first_answers", (), |row| row.get::<_, Option<Vec<u8>>>(0))
    });
    assert_eq!(kept.await, None);
}

/// A note, under an idempotency key.
async fn note(house: &TestApp, key: &str) -> Answer {
    let request = Request::post("/api/notes")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(json!({"content": key}).to_string()));
    house.send(request.unwrap()).await
}

#[tokio::test]
async fn who_hangs_up_at_any_moment_may_ask_again_and_has_it_done_once() {
    let (fresh, _) = Fresh::owned().await;
    let house = &fresh.house;
    for steps in 0..30 {
        let key = format!("after {steps} steps");
        let mut asked = Box::pin(note(house, &key));
        for _ in 0..=steps {
            if poll!(asked.as_mut()).is_ready() {
                break;
            }
            yield_now().await;
        }
        drop(asked);
        let again = async {
            loop {
                let again = note(house, &key).await;
                if !again.text.contains("not answered yet") {
                    return again;
                }
            }
        };
        let again = timeout(SOON, again).await.expect("an answer to the second request");
        assert_eq!(again.status, 201, "{key}: {}", again.text);
    }
    assert_eq!(house.get("/api/notes").await.json()["total"], 30);
}

#[tokio::test]
async fn a_request_that_the_end_of_the_program_cut_off_is_not_done_again_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(note(&house, "k").await.status, 201);
    let cut = |tx: &steward::db::Tx<'_>| tx.execute("update first_answers set status = null", ());
    house.app.db.write(cut).await.unwrap();
    assert!(note(&house, "k").await.text.contains("not answered yet"));
    let later = house.app.clock.now() + SignedDuration::from_mins(1);
    drop(house);
    let house = TestApp::at(folder.path(), "", later).await;
    let again = note(&house, "k").await;
    assert!(again.status == 409 && again.text.contains("Look first"), "{}", again.text);
}
