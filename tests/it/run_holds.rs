//! What keeps a run from going on is said in plain words, and told to programs.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use crate::agents;
use crate::run_traces::House;

/// "waiting approval", "queued null": of each run, the newest first.
async fn held(app: &steward::testing::TestApp) -> Vec<String> {
    let found = app.get("/api/runs").await.json();
    let runs = found["runs"].as_array().unwrap();
    runs.iter().map(|it| format!("{} {}", it["state"].as_str().unwrap(), by(it))).collect()
}

fn by(it: &Value) -> &str {
    it["held_by"].as_str().unwrap_or("null")
}

#[tokio::test]
async fn a_run_waits_for_an_answer_and_the_next_one_for_that_run() {
    let house = House::new("").await;
    let run = house.parked().await;
    let talk = house.runs("").await[0]["conversation_id"].as_str().unwrap().to_owned();
    house.app.say(Some(&talk), "and then?").await;
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["queued run_before", "waiting approval"]);
    let one = house.app.get(&format!("/api{run}")).await.json();
    assert_eq!((by(&one), &one["held_until"]), ("approval", &json!(null)));
    let list = house.app.get("/runs").await.text;
    for words in [
        "waiting for your answer",
        "waiting for the run before",
        "It goes on when the one before it has ended.",
    ] {
        assert!(list.contains(words), "{words}: {list}");
    }
    let page = house.app.get(&run).await.text;
    assert!(page.contains("waiting for your answer") && page.contains("Answer it"), "{page}");
    let next = house.app.get(&house.newest().await).await.text;
    assert!(!next.contains("Answer it"), "the other run's question is not its own: {next}");
    house.app.post(&format!("/api{run}/cancel"), &json!({})).await;
    assert_eq!(held(&house.app).await, ["queued null", "cancelled null"]);
}

#[tokio::test]
async fn a_pause_of_everything_and_of_one_agent_are_told_apart() {
    let house = House::new("").await;
    house.app.post("/api/pause", &json!({})).await;
    house.app.say(None, "hello").await;
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["queued pause"]);
    assert!(house.app.get("/runs").await.text.contains("held: paused"));
    let page = house.app.get(&house.newest().await).await.text;
    assert!(page.contains("Everything is paused. It goes on when that is over."), "{page}");
    let steward = format!("/api/agents/{}", steward::agent::ASSISTANT);
    house.app.post(&format!("{steward}/pause"), &json!({})).await;
    house.app.post("/api/resume", &json!({})).await;
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["queued agent_pause"]);
    assert!(house.app.get("/runs").await.text.contains("held: its agent is paused"));
    let page = house.app.get(&house.newest().await).await.text;
    assert!(page.contains("Steward is paused. It goes on when that is over."), "{page}");
    house.app.post(&format!("{steward}/resume"), &json!({})).await;
    assert_eq!(held(&house.app).await, ["queued null"]);
    house.answers(&[Say::Text("Hello.")]);
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["completed null"]);
}

#[tokio::test]
async fn who_asked_another_agent_waits_for_it_or_for_the_answer_that_it_needs() {
    let house = agents::House::new().await;
    let tools = json!({"name": "Gardener", "allowed_tools": ["filesystem"]});
    let gardener = house.agent(tools).await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let asks = json!({"agent": "Gardener", "message": "Tidy up"});
    house.answers(&[Say::Call("agents_run", asks)]);
    house.app.say(None, "Have the gardener tidy up").await;
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["queued agent_pause", "waiting other_agent"]);
    let list = house.app.get("/runs").await.text;
    assert!(list.contains("waiting for another agent"), "{list}");
    let files = house.app.app.folder(steward::testing::ADA, gardener_id(&gardener));
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("old.txt"), "old").unwrap();
    house.answers(&[Say::Call("files_delete", json!({"path": "old.txt"}))]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(held(&house.app).await, ["waiting approval", "waiting approval"]);
}

fn gardener_id(path: &str) -> steward::ids::AgentId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_time_past_the_hourly_limit_says_when_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[limits]\nmax_autonomous_runs_per_hour = 1\n";
    let house = steward::testing::TestApp::with_config(folder.path(), config).await;
    let body = json!({"name": "Job", "prompt": "status", "schedule": "every 10 minutes",
                      "allowed_tools": ["status"], "overlap": "queue"});
    let task = house.post("/api/tasks", &body).await.json()["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        house.advance(SignedDuration::from_mins(10)).await;
    }
    let found = house.get(&format!("/api/tasks/{task}/executions")).await.json();
    let rows = found["executions"].as_array().unwrap();
    let rows: Vec<(&str, &str, &Value)> =
        rows.iter().map(|it| (it["state"].as_str().unwrap(), by(it), &it["held_until"])).collect();
    assert_eq!(
        rows,
        [
            ("due", "run_before", &json!(null)),
            ("due", "hourly_limit", &json!("2030-01-01T10:10:00Z")),
            ("done", "null", &json!(null)),
        ]
    );
    let page = house.get(&format!("/tasks/{task}")).await.text;
    for words in [
        "waiting for the run before",
        "held: hourly limit",
        "1 unattended runs an hour are the limit, in Settings. The next one goes on at 10:10.",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(house.get("/tasks").await.text.contains("waiting for the run before"));
}

#[tokio::test]
async fn a_task_that_is_paused_with_everything_is_not_said_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let house = steward::testing::TestApp::open(folder.path()).await;
    let body = json!({"name": "Job", "prompt": "status", "schedule": "every 10 minutes",
                      "allowed_tools": ["status"]});
    let task = house.post("/api/tasks", &body).await.json()["id"].as_str().unwrap().to_owned();
    house.post("/api/pause", &json!({})).await;
    house.advance(SignedDuration::from_mins(10)).await;
    let found = house.get(&format!("/api/tasks/{task}/executions")).await.json();
    let it = &found["executions"][0];
    assert_eq!((&it["state"], by(it)), (&json!("queued"), "pause"));
    let page = house.get(&format!("/tasks/{task}")).await.text;
    assert!(page.contains("held: paused") && page.contains("Everything is paused."), "{page}");
}
