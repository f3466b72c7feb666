//! Agents that ask one another: in rows, within bounds, with what they have read.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;

impl House {
    /// The assistant and a gardener; the assistant asks the gardener. Gives the conversation.
    async fn ask_the_gardener(&self) -> String {
        self.gardener().await;
        self.asks("Gardener", "What is up?");
        self.answers(&[Say::Text("Beans are up.")]);
        self.answers(&[Say::Text("The gardener says: beans.")]);
        let talk = self.app.say(None, "Ask the gardener what is up").await;
        self.app.work().await;
        talk
    }

    fn asks(&self, agent: &str, message: &str) {
        self.answers(&[Say::Call("agents_run", json!({"agent": agent, "message": message}))]);
    }

    async fn call(&self) -> (String, String, String) {
        let sql = "select state, coalesce(result, ''), coalesce(result_label, '') from tool_calls
                   where tool = 'agents_run' order by rowid limit 1";
        self.app.read(|r| r.one(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))).await
    }

    /// Conversations with anybody, the latest first: title and last words.
    async fn talks(&self) -> Vec<Value> {
        let talks = self.app.get("/api/conversations").await.json();
        talks["conversations"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| talks.as_array().unwrap().clone())
    }
}

#[tokio::test]
async fn one_agent_asks_another_and_goes_on_with_its_answer() {
    let house = House::new().await;
    let talk = house.ask_the_gardener().await;
    assert_eq!(house.app.last_answer(&talk).await, "The gardener says: beans.");
    let (state, result, label) = house.call().await;
    assert_eq!((state.as_str(), result.as_str()), ("done", "Beans are up."));
    assert!(label.contains(r#""trust":"own""#), "{label}");
    let other = house.talks().await.into_iter().find(|it| it["id"] != talk.as_str()).unwrap();
    assert_eq!(other["title"], "Gardener, asked by Steward");
    let page = house.app.get(&format!("/chat/{}", other["id"].as_str().unwrap())).await.text;
    assert!(page.contains("What is up?") && page.contains("Beans are up."), "{page}");
    assert!(page.contains(&format!("/chat/{talk}")), "it leads back to who asked: {page}");
}

#[tokio::test]
async fn what_the_other_one_read_is_read_by_the_one_who_asked() {
    let house = House::new().await;
    house.app.post("/api/notes", &json!({"content": "x"})).await;
    house
        .app
        .app
        .db
        .write(|tx| {
            let label = r#"{"origin":{"kind":"web","of":"evil.example"},"trust":"outside","secrecy":"public"}"#;
            tx.execute("update notes set label = ?1", [label])
        })
        .await
        .unwrap();
    house.gardener().await;
    house.asks("gardener", "Look it up");
    house.answers(&[Say::Call("notes_list", json!({}))]);
    house.answers(&[Say::Text("It says x.")]);
    house.answers(&[Say::Text("x")]);
    house.app.ask("Ask the gardener").await;
    let (state, _, label) = house.call().await;
    assert_eq!(state, "done");
    assert!(label.contains("evil.example") && label.contains("outside"), "{label}");
}

#[tokio::test]
async fn a_kill_in_the_middle_loses_neither_of_them() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    house.asks("Gardener", "Look");
    let talk = house.app.say(None, "Ask the gardener").await;
    house.app.work().await;
    let at_work = |tx: &steward::db::Tx<'_>| {
        tx.execute("update runs set state = 'running' where state = 'queued'", ())
    };
    assert_eq!(house.app.app.db.write(at_work).await.unwrap(), 1);
    let house = house.killed().await;
    house.answers(&[Say::Text("Looked.")]);
    house.answers(&[Say::Text("It looked.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "It looked.");
}

#[tokio::test]
async fn stop_goes_down_and_a_failure_comes_up() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    house.asks("Gardener", "Look");
    let talk = house.app.say(None, "Ask the gardener").await;
    house.app.work().await;
    assert_eq!(house.call().await.0, "waiting", "the gardener is paused");
    house.app.send(crate::callers::form(&format!("/chat/{talk}/stop"), "")).await;
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 1, "the one that was asked stopped too");

    house.asks("Gardener", "Look");
    house.model.answer(steward::testing::model_answers::Answer::status(401, "no such key"));
    house.answers(&[Say::Text("It could not.")]);
    assert_eq!(house.app.ask("Ask again").await, "It could not.");
    let told = house.asked()["messages"].to_string();
    assert!(told.contains("Gardener failed:"), "{told}");
    let runs = house.app.get("/api/runs?state=failed").await.json()["runs"].clone();
    let (run, talk) = (&runs[0]["id"], &runs[0]["conversation_id"]);
    let (run, talk) = (run.as_str().unwrap(), talk.as_str().unwrap());
    let again = house.app.send(crate::callers::form(&format!("/chat/{talk}/runs/{run}/again"), ""));
    let again = again.await;
    assert_eq!(again.status, 409, "what another agent asked is not the owner's: {}", again.text);
}

#[tokio::test]
async fn nobody_asks_themselves_a_stranger_or_without_end() {
    let house = House::new().await;
    let mut names = Vec::new();
    for name in ["One", "Two", "Three", "Four"] {
        house.agent(json!({"name": name, "allowed_tools": ["agents"]})).await;
        names.push(name);
    }
    for (asked, sentence) in [("Steward", "can't ask itself"), ("Nobody", "There is no agent")] {
        house.asks(asked, "Hello");
        house.answers(&[Say::Text("I can't.")]);
        house.app.ask("Ask").await;
        let told = house.asked()["messages"].to_string();
        assert!(told.contains(sentence), "{asked}: {told}");
    }
    for name in &names {
        house.asks(name, "And you?");
    }
    for _ in 0..4 {
        house.answers(&[Say::Text("Enough.")]);
    }
    assert_eq!(house.app.ask("Ask them all").await, "Enough.");
    let denied = house.model.requests();
    let deepest = denied.iter().map(|it| it.json()["messages"].to_string());
    assert!(deepest.into_iter().any(|it| it.contains("at most 3 deep")), "the fourth is refused");
}

#[tokio::test]
async fn the_built_in_commands_run_an_agent_by_its_name_and_nobody_else() {
    let house = House::new().await;
    house.gardener().await;
    let assistant = format!("/api/agents/{}", steward::agent::ASSISTANT);
    let changed = house.put(&assistant, json!({"model": "builtin:commands"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    house.answers(&[Say::Text("Beans are up.")]);
    assert_eq!(house.app.ask("ask the gardener to look at the beds").await, "Beans are up.");
    assert!(house.asked()["messages"].to_string().contains("look at the beds"));
    house.answers(&[Say::Text("Noted.")]);
    assert_eq!(house.app.ask("run agent Gardener").await, "Noted.");
    let asked = house.asked()["messages"].as_array().unwrap().last().unwrap().to_string();
    assert!(asked.contains("Note what grows."), "{asked}");
    let told = house.app.ask("run agent Cook").await;
    assert_eq!(told, "There is no agent by that name. There are: Gardener.");
    let told = house.app.ask("ask Ann to look at the beds").await;
    assert!(told.starts_with("I don't understand that."), "{told}");
    assert_eq!(house.model.requests().len(), 2);
}

#[tokio::test]
async fn an_agent_without_a_language_model_does_what_another_asks_of_it() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let assistant = format!("/api/agents/{}", steward::agent::ASSISTANT);
    for agent in [&assistant, &gardener] {
        let changed = house.put(agent, json!({"model": "builtin:commands"})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
    }
    let told = house.app.ask("ask the gardener to add a note: beans are up").await;
    assert_eq!(told, "Noted: beans are up");
}
