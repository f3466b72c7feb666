//! What an agent does at set times, seen from the agent.

use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::testing::TestApp;

async fn agent(app: &TestApp, name: &str) -> String {
    let made = app.post("/api/agents", &json!({"name": name, "allowed_tools": ["time"]})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn morning() -> Value {
    json!({"name": "Morning", "schedule": "0 8 * * *", "prompt": "What time is it?"})
}

#[tokio::test]
async fn an_agents_schedules_are_tasks_that_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::open(folder.path()).await;
    let agent = agent(&app, "Clock").await;
    let path = format!("/api/agents/{agent}/schedules");
    let made = app.post(&path, &morning()).await;
    assert_eq!((made.status.as_u16(), &made.json()["agent_id"]), (201, &json!(agent)));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let one = format!("{path}/{id}");
    assert_eq!(app.get(&path).await.json()[0]["id"], json!(id));
    assert_eq!(app.get("/api/tasks").await.json()[0]["id"], json!(id), "the same row");

    let changed = app.send_json("PATCH", &one, &json!({"schedule": "0 9 * * *"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(app.get(&path).await.json()[0]["schedule"], "0 9 * * *");
    let toggled = app.post(&format!("{one}/toggle"), &json!({})).await;
    assert_eq!(toggled.json(), json!({"enabled": false}));
    assert_eq!(app.post(&format!("/api/tasks/{id}/run"), &json!({})).await.status, 200);
    let ran = app.get(&format!("{one}/executions")).await.json();
    assert_eq!((&ran["total"], &ran["executions"][0]["kind"]), (&json!(1), &json!("manual")));
    assert_eq!(app.send_json("DELETE", &one, &json!({})).await.status, 200);
    assert_eq!(app.get(&path).await.json(), json!([]));
}

#[tokio::test]
async fn the_schedule_of_one_agent_is_not_reached_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::open(folder.path()).await;
    let (clock, other) = (agent(&app, "Clock").await, agent(&app, "Other").await);
    let path = format!("/api/agents/{clock}/schedules");
    let id = app.post(&path, &morning()).await.json()["id"].as_str().unwrap().to_owned();
    for agent in [&other, &ASSISTANT.to_string()] {
        let one = format!("/api/agents/{agent}/schedules/{id}");
        assert_eq!(app.send_json("PATCH", &one, &json!({"name": "Mine"})).await.status, 404);
        assert_eq!(app.post(&format!("{one}/toggle"), &json!({})).await.status, 404);
        assert_eq!(app.get(&format!("{one}/executions")).await.status, 404);
        assert_eq!(app.send_json("DELETE", &one, &json!({})).await.status, 404);
        assert_eq!(app.get(&format!("/api/agents/{agent}/schedules")).await.json(), json!([]));
    }
    let stolen = json!({"agent_id": other, "name": "M", "schedule": "@daily", "prompt": "Hello"});
    let refused = app.post(&path, &stolen).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["detail"], "agent_id");
    let nobody = "/api/agents/01920000-0000-7000-8000-000000000000/schedules";
    assert_eq!(app.get(nobody).await.status, 404);
    assert_eq!(app.post(nobody, &morning()).await.status, 404);
}

#[tokio::test]
async fn what_names_no_agent_is_the_assistants() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::open(folder.path()).await;
    app.post("/api/tasks", &morning()).await;
    let path = format!("/api/agents/{ASSISTANT}/schedules");
    assert_eq!(app.get(&path).await.json()[0]["name"], "Morning");
    let evening = json!({"name": "Evening", "schedule": "0 20 * * *", "prompt": "Good night"});
    let made = app.post(&path, &evening).await;
    assert_eq!((made.status.as_u16(), &made.json()["agent_id"]), (201, &Value::Null));
    assert_eq!(app.get(&path).await.json().as_array().unwrap().len(), 2);
}
