//! What is changed about a task: nothing is lost on the way, and what is wrong is named.

use axum::http::StatusCode;
use serde_json::{Value, json};
use steward::testing::TestApp;

use super::{add, open, post_form};

/// Two changes that meet on their way, again and again; both have to be there afterwards.
pub async fn change_twice_at_once(house: &TestApp, method: &str, path: &str) {
    for n in 0..10 {
        let (name, prompt) = (format!("Job {n}"), format!("note: {n}"));
        let (named, worded) = (json!({"name": name}), json!({"prompt": prompt}));
        let one = house.send_json(method, path, &named);
        let other = house.send_json(method, path, &worded);
        let (one, other) = tokio::join!(one, other);
        assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
        let now = house.get(path).await.json();
        assert_eq!((&now["name"], &now["prompt"]), (&json!(name), &json!(prompt)));
    }
}

#[tokio::test]
async fn of_two_changes_at_once_none_is_lost() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "@daily", json!({})).await;
    change_twice_at_once(&house, "PUT", &task).await;
}

fn revision(page: &str) -> &str {
    let after = page.split("name=\"revision\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap()
}

#[tokio::test]
async fn a_form_that_is_stale_keeps_what_was_typed_and_says_so() {
    let (_folder, house) = open().await;
    let task = add(&house, "status", "@daily", json!({})).await;
    let page = task.replace("/api", "");
    let shown = house.get(&format!("{page}/edit")).await.text;
    let form = |shown: &str| {
        let seen = revision(shown);
        format!("revision={seen}&name=Mine&prompt=note%3A+mine&schedule=@daily&zone=UTC")
    };
    house.send_json("PUT", &task, &json!({"prompt": "note: theirs"})).await;
    let stale = post_form(&house, &page, &form(&shown)).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", stale.text);
    assert!(stale.text.contains("changed this task meanwhile"), "{}", stale.text);
    assert!(stale.text.contains("value=\"Mine\""), "{}", stale.text);
    for shown in ["note: mine", "note: theirs"] {
        assert!(stale.text.contains(shown), "{shown}: {}", stale.text);
    }
    let now = house.get(&task).await.json();
    assert_eq!((&now["name"], &now["prompt"]), (&json!("Job"), &json!("note: theirs")));
    let again = post_form(&house, &page, &form(&stale.text)).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
    assert_eq!(house.get(&task).await.json()["prompt"], "note: mine");
}

#[tokio::test]
async fn what_is_set_to_null_is_the_usual() {
    let (_folder, house) = open().await;
    let nothing = json!({
        "allowed_tools": null, "enabled": null, "zone": null, "model": null, "agent_id": null,
        "start_at": null, "end_at": null, "max_runs": null, "missed": null, "overlap": null,
        "jitter_seconds": null, "budget_usd_micros": null, "notify": null,
    });
    let usual = |it: &Value| {
        let fields = nothing.as_object().unwrap().keys();
        fields.map(|name| (name.clone(), it[name].clone())).collect::<Vec<_>>()
    };
    let plain = json!({"name": "Job", "prompt": "status", "schedule": "@daily"});
    let plain = house.post("/api/tasks", &plain).await.json();
    let task = add(&house, "status", "@daily", nothing.clone()).await;
    assert_eq!(usual(&house.get(&task).await.json()), usual(&plain));
    let other = json!({"jitter_seconds": 9, "missed": "skip", "zone": "Asia/Tokyo", "max_runs": 3});
    assert_eq!(house.send_json("PUT", &task, &other).await.status, StatusCode::OK);
    assert_eq!(house.send_json("PUT", &task, &nothing).await.status, StatusCode::OK);
    assert_eq!(usual(&house.get(&task).await.json()), usual(&plain));
    for wrong in [json!({"name": null}), json!({"every": null})] {
        let refused = house.send_json("PUT", &task, &wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(&refused.json()["detail"], wrong.as_object().unwrap().keys().next().unwrap());
    }
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_the_fault_of_its_field() {
    let (_folder, house) = open().await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let task = json!({"name": "Job", "prompt": "status", "schedule": "@daily", "agent_id": nobody});
    let run = json!({"message": "status", "agent_id": nobody});
    let old = add(&house, "status", "@daily", json!({})).await;
    for (method, path, body) in [
        ("POST", "/api/tasks", &task),
        ("PUT", &old, &json!({"agent_id": nobody})),
        ("POST", "/api/runs", &run),
    ] {
        let refused = house.send_json(method, path, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {}", refused.text);
        assert_eq!(refused.json()["detail"], "agent_id", "{path}");
    }
}
