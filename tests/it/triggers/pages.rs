//! `/triggers`, without script: made, shown once, tried, switched, deleted.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use steward::testing::{Answer, TestApp};

use super::{SECRET, add, call_with_secret, home, open};

async fn post_form(house: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn a_trigger_is_made_and_its_secret_is_shown_once() {
    let (_folder, house) = open().await;
    assert!(house.get("/triggers").await.text.contains("Who may wake the assistant"));
    assert!(house.get("/triggers/new").await.text.contains("How the caller proves who it is"));
    let form = "name=Push&prompt=note%3A+hi&auth=standard&tool.notes=yes";
    let made = post_form(&house, "/triggers", form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(made.text.contains("whsec_") && made.text.contains("Keep this secret now"));
    let list = house.get(&home()).await.json();
    let page = house.get(&format!("/triggers/{}", list[0]["id"].as_str().unwrap())).await.text;
    assert!(!page.contains("Keep this secret now") && page.contains("webhook-signature: v1,$sum"));
    assert!(page.contains("Nobody called yet."));
}

#[tokio::test]
async fn what_came_is_listed_with_its_run() {
    let (_folder, house) = open().await;
    let id = add(&house, "note: hi", json!({})).await;
    call_with_secret(&house, &id, "{}").await;
    call_with_secret(&house, &id, "no").await;
    house.work().await;
    let page = house.get(&format!("/triggers/{id}")).await.text;
    let run = house.get("/api/runs").await.json()["runs"][0]["id"].as_str().unwrap().to_owned();
    assert!(page.contains(&format!("href=\"/runs/{run}\"")), "{page}");
    assert!(page.contains("1 × no JSON"), "{page}");
    let trace = house.get(&format!("/runs/{run}")).await.text;
    assert!(trace.contains("The trigger “Push”: another program called"), "{trace}");
    assert!(trace.contains(&format!("/triggers/{id}")));
}

#[tokio::test]
async fn what_was_typed_is_kept_when_something_is_wrong() {
    let (_folder, house) = open().await;
    let wrong = post_form(&house, "/triggers", "name=Push&prompt=say+%7B%7Bx%7D%7D").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("stands a part of the payload") && wrong.text.contains("Push"));
    let secret = post_form(&house, "/triggers", "name=Push&prompt=x&secret=short-one").await;
    assert_eq!(secret.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!secret.text.contains("short-one"), "a secret is never sent back");
}

#[tokio::test]
async fn it_is_changed_switched_and_deleted_by_forms() {
    let (_folder, house) = open().await;
    let id = add(&house, "status", json!({})).await;
    let here = format!("/triggers/{id}");
    assert!(house.get(&format!("{here}/edit")).await.text.contains("Save trigger"));
    let saved = post_form(&house, &here, "name=Other&prompt=status").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    assert!(house.get("/triggers").await.text.contains("Other"));
    assert_eq!(post_form(&house, &format!("{here}/toggle"), "").await.status, 303);
    assert_eq!(call_with_secret(&house, &id, "{}").await.status, StatusCode::CONFLICT);
    let own = post_form(&house, &format!("{here}/secret"), &format!("secret={SECRET}2")).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    let made = post_form(&house, &format!("{here}/secret"), "secret=").await;
    assert!(made.text.contains("Keep this secret now"));
    assert_eq!(post_form(&house, &format!("{here}/delete"), "").await.status, 303);
    assert_eq!(house.get(&here).await.status, StatusCode::NOT_FOUND);
}
