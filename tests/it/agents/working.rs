//! How agents work: with their own words and tools, within their means, in their state.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::model_answers::{Answer, Say};

use super::House;
use crate::callers::form;

#[tokio::test]
async fn an_agent_works_with_its_own_words_and_tools_and_keeps_them_in_its_conversation() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.answers(&[Say::Call("notes_add", json!({"content": "Beans are up"}))]);
    house.answers(&[Say::Text("Noted.")]);
    let talk = house.run(&gardener, None).await;
    assert_eq!(house.app.last_answer(&talk).await, "Noted.");
    let asked = house.asked();
    let system = asked["messages"][0]["content"].to_string();
    assert!(system.contains("Note what grows."), "{system}");
    let tools = asked["tools"].as_array().unwrap().iter();
    let names: Vec<&str> = tools.map(|it| it["function"]["name"].as_str().unwrap()).collect();
    assert!(names.iter().all(|name| name.starts_with("notes_")), "{names:?}");
    house.answers(&[Say::Text("Beans.")]);
    house.app.say(Some(&talk), "What is up?").await;
    house.app.work().await;
    assert!(house.asked()["messages"][0]["content"].to_string().contains("Note what grows."));
    let found = house.app.get(&gardener).await.json();
    assert_eq!(found["runs"].as_array().unwrap().len(), 2);
    assert!(found["total_output_tokens"].as_i64().unwrap() > 0, "{found}");
}

#[tokio::test]
async fn a_paused_agent_keeps_what_comes_and_a_stopped_one_refuses_it() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let ready = house.app.get(&format!("{gardener}/ready")).await.json();
    assert_eq!(ready, json!({"ready": false, "reason": "Gardener is paused."}));
    let talk = house.run(&gardener, Some("Look")).await;
    assert!(house.model.requests().is_empty());
    let page = house.app.get(gardener.trim_start_matches("/api")).await.text;
    assert!(page.contains("held: its agent is paused"), "{page}");
    house.answers(&[Say::Text("Noon.")]);
    assert_eq!(house.app.ask("What is the time?").await, "Noon.", "others go on");
    house.answers(&[Say::Text("Looked.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "Looked.");
    house.app.post(&format!("{gardener}/status"), &json!({"status": "stopped"})).await;
    let refused = house.app.post(&format!("{gardener}/run"), &json!({"message": "Look"})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("Gardener is stopped."), "{}", refused.text);
}

#[tokio::test]
async fn stop_ends_what_an_agent_does_and_leaves_its_state() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let talk = house.run(&gardener, Some("Look")).await;
    let stopped = house.app.post(&format!("{gardener}/stop"), &json!({})).await.json();
    assert_eq!(stopped, json!({"ok": true, "stopped": 1}));
    assert_eq!(house.status(&gardener).await, "paused");
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert!(house.model.requests().is_empty());
    assert!(house.app.get(&format!("/chat/{talk}")).await.text.contains("Stopped"));
}

#[tokio::test]
async fn the_call_that_a_budget_does_not_cover_is_not_made() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let balance = format!("{gardener}/balance");
    let set = house.app.post(&balance, &json!({"amount": 30_000, "type": "set"})).await.json();
    assert_eq!(set["balance"], json!({"tokens": 30_000, "usd_micros": null}));
    house.answers(&[Say::Text("Looked.")]);
    house.run(&gardener, Some("Look")).await;
    assert_eq!(house.asked()["max_tokens"], 15_000, "half of it is for the answer");
    let left = house.app.get(&format!("{gardener}/summary")).await.json()["balance"].clone();
    let left = left["tokens"].as_i64().unwrap();
    assert!((1..30_000).contains(&left), "{left}");
    house.app.post(&balance, &json!({"amount": 100 - left, "type": "increment"})).await;
    let talk = house.run(&gardener, Some("Look again")).await;
    assert_eq!(house.model.requests().len(), 1, "nothing was asked");
    let page = house.app.get(&format!("/chat/{talk}")).await.text;
    assert!(page.contains("budget has 100 tokens left"), "{page}");
    assert!(page.contains("Set more under Budget on the agent"), "{page}");
    house.app.post(&balance, &json!({"amount": null, "type": "set"})).await;
    house.answers(&[Say::Text("Looked again.")]);
    let talk = house.run(&gardener, Some("Look again")).await;
    assert_eq!(house.app.last_answer(&talk).await, "Looked again.");
}

#[tokio::test]
async fn an_agent_that_fails_three_times_waits_for_a_person() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    for _ in 0..3 {
        house.model.answer(Answer::status(401, "no such key"));
        house.run(&gardener, Some("Look")).await;
    }
    assert_eq!(house.status(&gardener).await, "error");
    let told = house.app.get("/api/notifications").await.text;
    assert!(told.contains("The agent Gardener does nothing more."), "{told}");
    let asked = house.model.requests().len();
    let talk = house.run(&gardener, Some("Look")).await;
    assert_eq!(house.model.requests().len(), asked);
    house.answers(&[Say::Text("Looked.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "Looked.");
}

#[tokio::test]
async fn an_agents_schedule_is_a_task_with_its_words_and_goes_with_it() {
    let house = House::new().await;
    let gardener = house
        .agent(json!({
            "name": "Gardener", "prompt": "Note what grows.", "allowed_tools": ["notes"],
            "schedule": "every 30 minutes",
        }))
        .await;
    let tasks = house.app.get("/api/tasks").await.json();
    let id = gardener.rsplit('/').next().unwrap();
    assert_eq!((&tasks[0]["agent_id"], &tasks[0]["enabled"]), (&json!(id), &json!(true)));
    house.answers(&[Say::Call("notes_add", json!({"content": "Beans are up"}))]);
    house.answers(&[Say::Text("Noted.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    let task = format!("/api/tasks/{}", tasks[0]["id"].as_str().unwrap());
    assert_eq!(house.app.get("/api/notes").await.json()["total"], 1);
    house.put(&gardener, json!({"prompt": "Note what blooms."})).await;
    assert_eq!(house.app.get(&task).await.json()["prompt"], "Note what blooms.");
    for change in [
        json!({"prompt": "Mine"}),
        json!({"name": "Mine"}),
        json!({"allowed_tools": ["web"]}),
        json!({"agent_id": null}),
    ] {
        let refused = house.app.send_json("PUT", &task, &change).await;
        assert_eq!(refused.status, 400, "{change}: {}", refused.text);
        let why = "This is the schedule of the agent Gardener";
        assert!(refused.text.contains(why), "{change}: {}", refused.text);
    }
    let later = house.app.send_json("PUT", &task, &json!({"jitter_seconds": 60})).await;
    assert_eq!(later.status, 200, "{}", later.text);
    house.app.send_json("PUT", &task, &json!({"jitter_seconds": 0})).await;
    house.put(&gardener, json!({"enabled": false})).await;
    assert_eq!(house.app.get(&task).await.json()["enabled"], false);
    house.app.send_json("DELETE", &gardener, &Value::Null).await;
    assert_eq!(house.app.get(&task).await.status, 404);
}

#[tokio::test]
async fn a_task_may_be_an_agents_and_is_narrowed_to_its_own_tools() {
    let house = House::new().await;
    let gardener =
        house.agent(json!({"name": "Gardener", "allowed_tools": ["notes", "time"]})).await;
    let id = gardener.rsplit('/').next().unwrap();
    let task = json!({
        "name": "Beds", "prompt": "Note the beds.", "schedule": "every 30 minutes",
        "allowed_tools": ["time", "web"], "agent_id": id,
    });
    assert_eq!(house.app.post("/api/tasks", &task).await.status, 201);
    house.answers(&[Say::Text("Done.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    let tools = house.asked()["tools"].as_array().unwrap().clone();
    let names = tools.iter().map(|it| it["function"]["name"].as_str().unwrap().to_owned());
    assert!(names.clone().all(|name| name.starts_with("time_")), "{:?}", names.collect::<Vec<_>>());
    house.app.send_json("DELETE", &format!("/api/agents/{id}"), &Value::Null).await;
    let tasks = house.app.get("/api/tasks").await.json();
    assert_eq!(tasks, json!([]), "what it did at set times goes with it");
    let stranger = json!({
        "name": "Beds", "prompt": "x", "schedule": "@daily",
        "agent_id": "01900000-0000-7000-8000-000000000000",
    });
    let refused = house.app.post("/api/tasks", &stranger).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!("agent_id")));
}

#[tokio::test]
async fn what_the_owner_wrote_for_an_agent_counts_as_said_in_its_conversations() {
    let house = House::new().await;
    let words = "Write the plan to garden.txt. Say \"see you at six\".";
    let gardener = house
        .agent(json!({"name": "Gardener", "prompt": words, "allowed_tools": ["filesystem"]}))
        .await;
    house.answers(&[Say::Call("files_delete", json!({"path": "garden.txt"}))]);
    house.answers(&[Say::Text("Done.")]);
    house.run(&gardener, Some("Delete it")).await;
    let cards = house.app.get("/api/approvals").await.json()["approvals"].clone();
    assert_eq!(cards, json!([]), "the name of the file stands in the owner's words");
}

/// A gardener who works every half hour; its path, and that of its schedule.
async fn half_hourly(house: &House) -> (String, String) {
    let gardener = house
        .agent(json!({
            "name": "Gardener", "prompt": "Note what grows.", "allowed_tools": ["notes"],
            "schedule": "every 30 minutes",
        }))
        .await;
    let tasks = house.app.get("/api/tasks").await.json();
    (gardener, format!("/api/tasks/{}", tasks[0]["id"].as_str().unwrap()))
}

async fn heard(house: &House) -> Vec<String> {
    let found = house.app.get("/api/notifications").await.json();
    let texts = found["notifications"].as_array().unwrap().iter();
    texts.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_schedule_that_fails_three_times_is_told_of_once_and_goes_on_with_its_agent() {
    let house = House::new().await;
    let (gardener, task) = half_hourly(&house).await;
    house.put(&task, json!({"notify": "never"})).await;
    for _ in 0..3 {
        house.model.answer(Answer::status(401, "no such key"));
        house.app.advance(SignedDuration::from_mins(30)).await;
    }
    let told = heard(&house).await;
    assert!(
        told.len() == 1 && told[0].starts_with("The agent Gardener does nothing more."),
        "{told:?}"
    );
    assert_eq!(house.app.get(&task).await.json()["state"], "paused");
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    let now = house.app.get(&task).await.json();
    assert_eq!((&now["state"], &now["failures"]), (&json!("on"), &json!(0)));
    house.answers(&[Say::Text("Looked.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    assert_eq!(house.app.get(&task).await.json()["failures"], 0);
    assert_eq!(house.status(&gardener).await, "active");
}

#[tokio::test]
async fn a_schedule_that_a_person_switched_off_stays_off_when_its_agent_goes_on() {
    let house = House::new().await;
    let (gardener, task) = half_hourly(&house).await;
    house.app.post(&format!("{task}/toggle"), &json!({})).await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    assert_eq!(house.app.get(&task).await.json()["enabled"], false);
}

#[tokio::test]
async fn what_a_limit_refuses_is_no_failure_and_the_next_slot_tries_again() {
    let house = House::new().await;
    let (gardener, task) = half_hourly(&house).await;
    let balance = format!("{gardener}/balance");
    house.app.post(&balance, &json!({"amount": 100, "type": "set"})).await;
    for _ in 0..4 {
        house.app.advance(SignedDuration::from_mins(30)).await;
    }
    let found = house.app.get(&format!("{task}/executions")).await.json();
    let lines = found["executions"].as_array().unwrap();
    assert_eq!(lines.len(), 4);
    for line in lines {
        let reason = line["reason"].as_str().unwrap();
        assert!(
            line["state"] == "failed" && reason.contains("budget has 100 tokens left"),
            "{line}"
        );
    }
    let now = house.app.get(&task).await.json();
    assert_eq!((&now["state"], &now["failures"]), (&json!("on"), &json!(0)));
    assert_eq!(house.status(&gardener).await, "active");
    let told = heard(&house).await;
    assert!(told.len() == 1 && told[0].starts_with("“Gardener” failed:"), "once: {told:?}");
    house.app.post(&balance, &json!({"amount": null, "type": "set"})).await;
    house.answers(&[Say::Text("Looked.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    let found = house.app.get(&format!("{task}/executions")).await.json();
    assert_eq!(found["executions"][0]["state"], "done");
}

#[tokio::test]
async fn an_agent_that_is_brought_back_has_its_set_times_again() {
    let house = House::new().await;
    let (gardener, task) = half_hourly(&house).await;
    let id = gardener.rsplit('/').next().unwrap();
    let beds = json!({"name": "Beds", "prompt": "Note.", "schedule": "@daily", "agent_id": id});
    let kept = house.app.post("/api/tasks", &beds).await.json()["id"].clone();
    let gone = house.app.post("/api/tasks", &beds).await.json()["id"].clone();
    let gone = format!("/api/tasks/{}", gone.as_str().unwrap());
    house.app.send_json("DELETE", &gone, &Value::Null).await;
    house.app.shift(SignedDuration::from_mins(1));
    house.app.send_json("DELETE", &gardener, &Value::Null).await;
    assert_eq!(house.app.get("/api/tasks").await.json(), json!([]));
    house.app.send(form(&format!("{}/restore", gardener.replace("/api", "")), "")).await;
    assert_eq!(house.app.get(&task).await.json()["state"], "off");
    let kept = house.app.get(&format!("/api/tasks/{}", kept.as_str().unwrap())).await;
    assert_eq!((&kept.json()["agent_id"], kept.status.as_u16()), (&json!(id), 200));
    assert_eq!(house.app.get(&gone).await.status, 404, "what was deleted before stays so");
    let found = house.app.get(&gardener).await.json();
    assert!(found["agent"]["schedule"].is_string(), "{found}");
}

#[tokio::test]
async fn each_run_on_an_agents_page_leads_to_why_it_happened() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.answers(&[Say::Text("Looked.")]);
    house.run(&gardener, Some("Look")).await;
    let run = house.app.get("/api/runs").await.json()["runs"][0]["id"].clone();
    let run = format!("/runs/{}", run.as_str().unwrap());
    let page = house.app.get(&gardener.replace("/api", "")).await.text;
    assert!(page.contains(&format!("href=\"{run}\"")), "{page}");
    assert!(house.app.get(&run).await.text.contains("What woke it"));
    let never = house.app.get("/api/runs?state=interrupted").await;
    assert_eq!(never.status, 400, "no run ends so: {}", never.text);
}
