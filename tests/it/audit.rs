//! The audit log over the API and the page.

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::{Browser, TestApp};

use crate::callers::{as_user, form, signed_in};

/// A house in which `count` websites were added, one a minute.
async fn house(folder: &tempfile::TempDir, count: u32) -> TestApp {
    let house = TestApp::open(folder.path()).await;
    for n in 0..count {
        let body = json!({"domain": format!("site{n}.example.org")});
        assert_eq!(house.post("/api/web-whitelist", &body).await.status, 200);
        house.advance(SignedDuration::from_mins(1)).await;
    }
    house
}

fn targets(answer: &Value) -> Vec<&str> {
    let entries = answer["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["target"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_was_done_is_listed_newest_first_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 3).await;
    let page = house.get("/api/audit?page=1&per_page=2").await.json();
    assert_eq!(targets(&page), ["site2.example.org", "site1.example.org"]);
    assert_eq!((&page["page"], &page["per_page"]), (&json!(1), &json!(2)));
    let entry = &page["entries"][0];
    assert_eq!(entry["action"], "whitelist_domains.add");
    assert_eq!((&entry["actor"], &entry["channel"]), (&json!("user"), &json!("cli")));
    let total = page["total"].as_u64().unwrap();
    let last = house.get(&format!("/api/audit?page={total}&per_page=1")).await.json();
    assert_eq!(last["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn filters_narrow_and_unknown_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 3).await;
    let span = "start=2030-01-01T09:01:00Z&end=2030-01-01T09:02:00Z";
    let found = house.get(&format!("/api/audit?{span}")).await.json();
    assert_eq!(targets(&found), ["site1.example.org"]);
    let day = house.get("/api/audit?start=2030-01-01&end=2030-01-01").await.json();
    assert!(3 <= day["total"].as_u64().unwrap());
    assert_eq!(house.get("/api/audit?start=2030-01-02").await.json()["total"], 0);
    for none in ["tool_name=notes", "session_id=x", "task_id=x", "confirmed_only=true"] {
        assert_eq!(house.get(&format!("/api/audit?{none}")).await.json()["total"], 0, "{none}");
    }
    for (bad, field) in [
        ("start=yesterday", "start"),
        ("start=2030-01-01T09:00", "start"),
        ("page=0", "page"),
        ("per_page=201", "per_page"),
        ("colour=red", "colour"),
        ("confirmed_only=maybe", "confirmed_only"),
    ] {
        let refused = house.get(&format!("/api/audit?{bad}")).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text);
        assert_eq!(refused.json()["detail"], field, "{bad}: {}", refused.text);
    }
}

#[tokio::test]
async fn what_a_task_was_denied_stands_there_with_the_task_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let task = json!({"name": "Look", "prompt": "fetch http://example.org/", "schedule": "@daily",
                      "allowed_tools": ["web"]});
    let made = house.post("/api/tasks", &task).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    house.post(&format!("/api/tasks/{id}/run"), &json!({})).await;
    house.work().await;
    let found = house.get(&format!("/api/audit?task_id={id}&tool_name=fetch_page")).await.json();
    let detail = &found["entries"][0]["detail"];
    let reason = detail["reason"].as_str().unwrap();
    assert!(reason.contains("example.org is not on the web whitelist"), "{found}");
}

#[tokio::test]
async fn the_chain_is_checked_on_demand_and_after_tampering_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 2).await;
    let whole = house.get("/api/audit/verify").await.json();
    assert_eq!((&whole["ok"], &whole["error"]), (&json!(true), &Value::Null));
    let last = whole["entries"].as_i64().unwrap();

    let file = rusqlite::Connection::open(folder.path().join("data/steward.db")).unwrap();
    file.execute_batch("drop trigger audit_update").unwrap();
    file.execute("update audit set target = 'evil.example' where seq = ?1", [last]).unwrap();
    let broken = house.get("/api/audit/verify").await.json();
    assert_eq!((&broken["ok"], &broken["first_bad_id"]), (&json!(false), &json!(last)));
    let page = house.send(form("/audit/verify", "")).await.text;
    assert!(page.contains("The log was changed."), "{page}");
}

#[tokio::test]
async fn a_log_that_was_cut_off_shows_against_the_daily_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 2).await;
    house.advance(SignedDuration::from_hours(24)).await;
    assert!(folder.path().join("data/audit-anchors.log").exists());
    let file = rusqlite::Connection::open(folder.path().join("data/steward.db")).unwrap();
    file.execute_batch("drop trigger audit_delete; delete from audit where seq > 1").unwrap();
    let broken = house.get("/api/audit/verify").await.json();
    assert_eq!(broken["ok"], false);
    assert!(broken["error"].as_str().unwrap().contains("cut off"), "{broken}");
}

#[tokio::test]
async fn old_lines_go_by_hand_and_by_retention_and_the_rest_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 3).await;
    assert_eq!(house.get("/api/settings/audit-retention").await.json(), json!({"days": 365}));
    let days = json!({"days": 90});
    let set = house.post("/api/settings/audit-retention", &days).await;
    assert_eq!(set.json(), json!({"ok": true}));
    assert_eq!(house.get("/api/settings/audit-retention").await.json(), days);
    let purge = async |days: u32| {
        let path = format!("/api/audit?older_than_days={days}");
        house.send_json("DELETE", &path, &Value::Null).await.json()
    };
    assert_eq!(purge(1).await, json!({"deleted": 0}));
    house.advance(SignedDuration::from_hours(24 * 30)).await;
    let deleted = purge(10).await["deleted"].as_u64().unwrap();
    assert!(4 <= deleted, "{deleted}");
    house.post("/api/web-whitelist", &json!({"domain": "late.example.org"})).await;
    house.advance(SignedDuration::from_hours(24 * 91)).await;
    let left = house.get("/api/audit").await.json();
    assert!(!targets(&left).contains(&"late.example.org"), "{left}");
    let whole = house.get("/api/audit/verify").await.json();
    assert_eq!(whole["ok"], true, "{whole}");
    assert!(deleted < whole["purged"].as_u64().unwrap());
    let none = house.send_json("DELETE", "/api/audit?older_than_days=0", &Value::Null).await;
    assert_eq!(none.status, 400);
}

#[tokio::test]
async fn a_line_names_who_it_was_and_a_refused_login_is_called_one() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, _) = signed_in(folder.path()).await;
    let made = ada.json("POST", "/api/tokens", &json!({"name": "laptop"})).await.json();
    let note = Request::post("/api/web-whitelist")
        .header("content-type", "application/json")
        .header("x-api-key", made["token"].as_str().unwrap())
        .body(Body::from(json!({"domain": "example.org"}).to_string()));
    assert_eq!(house.send_raw(note.unwrap()).await.status, 200);
    let stranger = Browser::new(house.router(), "203.0.113.5:1000");
    let wrong = [("name", "bob"), ("password", "wrong wrong wrong")];
    assert_eq!(stranger.submit("/login", &wrong).await.status, 422);
    let page = ada.get("/audit").await.text;
    let line = |action: &str| {
        let line = page.split("<tr>").find(|line| line.contains(action));
        line.unwrap_or_else(|| panic!("no {action}: {page}"))
    };
    let refused = line("access.login_failed");
    assert!(refused.contains("<td>somebody over web</td>"), "{refused}");
    assert!(refused.contains("<td>refused</td>") && refused.contains("bob"), "{refused}");
    let added = line("whitelist_domains.add");
    assert!(added.contains("<td>key laptop over api</td>"), "{added}");
    let key = line("tokens.create");
    assert!(key.contains("<td>Ada over web</td>") && key.contains("<td>done</td>"), "{key}");
}

#[tokio::test]
async fn a_user_sees_their_own_lines_only() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 2).await;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let seen = as_user(&house, &["*"], get("/api/audit")).await.json();
    assert_eq!(seen["total"], 0, "{seen}");
    for admins in ["/api/audit/verify", "/api/settings/audit-retention"] {
        assert_eq!(as_user(&house, &["*"], get(admins)).await.status, 403, "{admins}");
    }
}

#[tokio::test]
async fn the_page_shows_filters_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(&folder, 2).await;
    let page = house.get("/audit").await.text;
    assert!(page.contains("site0.example.org") && page.contains("whitelist_domains.add"), "{page}");
    let narrow = house.get("/audit?q=SITE1").await.text;
    assert!(narrow.contains("site1.example.org") && !narrow.contains("site0.example.org"));
    let verified = house.send(form("/audit/verify", "")).await.text;
    assert!(verified.contains("lines are as they were written"), "{verified}");
}
