//! What a task's words ask for: a proposal while they are a model's, read anew once a person has
//! made them their own.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};

use super::{MINUTE, add, open, open_with, post_form, seen, told};
use crate::callers::with_token;

const FORM: &str = "name=Tidy&prompt=delete+file+old.txt&schedule=*/10+*+*+*+*&zone=UTC\
                    &tool.filesystem=yes&missed=skip&overlap=queue&notify=always";
const WOULD: &str = "Its words would ask for";
const DELETE: &str = "Delete this file: old.txt";

fn old_file(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let own = folder.path().join("data/files").join(ADA.to_string());
    std::fs::create_dir_all(&own).unwrap();
    let file = own.join("old.txt");
    std::fs::write(&file, "Nothing.").unwrap();
    file
}

/// What each run was foretold, the oldest first: its effects, and who read the words.
async fn foretold(house: &TestApp) -> Vec<String> {
    let sql = "select made_by || ' ' || slots from intents join runs on runs.id = run_id
               order by queued_at";
    house.read(move |r| r.rows(sql, (), |row| row.get(0))).await
}

async fn only_task(house: &TestApp) -> (Value, String) {
    let task = house.get("/api/tasks").await.json()[0].clone();
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    (task, path)
}

#[tokio::test]
async fn a_models_task_says_what_it_would_ask_for_and_asks_for_it_once_a_person_takes_it_on() {
    let (folder, house) = open().await;
    let file = old_file(&folder);
    house.ask("every 10 minutes: delete file old.txt").await;
    house.tick().await;
    let (_, path) = only_task(&house).await;
    let page = house.get(&path).await.text;
    assert!(page.contains(WOULD) && page.contains("nothing that acts on the world"), "{page}");
    // Its tools are chosen first; that alone makes it nobody's.
    assert_eq!(post_form(&house, &path, FORM).await.status, StatusCode::SEE_OTHER);
    house.tick().await;
    let (task, _) = only_task(&house).await;
    assert_eq!((&task["enabled"], &task["label"]["trust"]), (&json!(false), &json!("own")));
    let page = house.get(&path).await.text;
    assert!(page.contains(WOULD) && page.contains(DELETE), "{page}");
    post_form(&house, &format!("{path}/dry-run"), "").await;
    house.work().await;
    assert_eq!(foretold(&house).await, ["nobody []"]);
    let yes = seen(&house, &path).await;
    let yes = post_form(&house, &format!("{path}/approve"), &yes).await;
    assert_eq!(yes.status, StatusCode::SEE_OTHER);
    let page = house.get(&path).await.text;
    assert!(page.contains("Your words ask for") && page.contains(DELETE), "{page}");
    house.advance(MINUTE * 10).await;
    assert_eq!(
        foretold(&house).await[1],
        r#"builtin:commands [{"tool":"files_delete","bound":{"path":"old.txt"}}]"#
    );
    assert!(!file.exists(), "{:?}", told(&house, &format!("/api{path}")).await);
}

#[tokio::test]
async fn a_programs_task_is_its_owners_once_they_have_read_it() {
    let (folder, house) = open().await;
    old_file(&folder);
    let body = json!({"name": "Tidy", "prompt": "delete file old.txt", "schedule": "@yearly",
                      "allowed_tools": ["filesystem"]});
    let made = Request::post("/api/tasks")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    assert_eq!(with_token(&house, &["*"], made).await.status, StatusCode::CREATED);
    house.tick().await;
    let (_, path) = only_task(&house).await;
    assert!(house.get(&path).await.text.contains(WOULD));
    for _ in 0..2 {
        post_form(&house, &format!("{path}/toggle"), "").await;
    }
    let (task, _) = only_task(&house).await;
    assert_eq!((&task["enabled"], &task["label"]["trust"]), (&json!(true), &json!("own")));
    let yes = seen(&house, &path).await;
    post_form(&house, &format!("{path}/approve"), &yes).await;
    let (task, _) = only_task(&house).await;
    assert_eq!(task["label"]["trust"], "owner");
    assert_eq!(task["intent"], json!(["files_delete (path: old.txt)"]));
    assert!(house.get(&path).await.text.contains("Your words ask for"));
}

#[tokio::test]
async fn while_everything_is_paused_no_model_reads_what_is_saved() {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text(r#"{"effects": []}"#));
    let (_folder, house) = open_with(&super::bounds::with_model(&model)).await;
    house.post("/api/pause", &json!({})).await;
    let task = add(&house, "Tidy up.", "@yearly", json!({})).await;
    let page = task.replace("/api", "");
    house.tick().await;
    assert_eq!(model.requests().len(), 0, "it is saved, and nobody is asked");
    let text = house.get(&page).await.text;
    assert!(text.contains("while everything is paused no model is asked"), "{text}");
    house.post("/api/resume", &json!({})).await;
    house.tick().await;
    assert_eq!(model.requests().len(), 1);
    assert_eq!(house.get(&task).await.json()["intent"], json!([]));
    let text = house.get(&page).await.text;
    assert!(text.contains("nothing that acts on the world"), "{text}");
}

#[tokio::test]
async fn the_end_of_a_pause_wakes_what_it_held_back() {
    let (_folder, house) = open().await;
    house.post("/api/pause", &json!({})).await;
    let plan = house.app.timers.of("tasks.plan");
    // Whoever woke it before is forgotten.
    plan.notify_one();
    plan.notified().await;
    house.post("/api/resume", &json!({})).await;
    let woken = tokio::time::timeout(Duration::from_secs(5), plan.notified()).await;
    assert!(woken.is_ok(), "nothing tells it that the pause is over");
}
