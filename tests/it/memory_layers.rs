//! Memory layers: what agents remember, whose words that is, and who may change it.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use crate::agents::House;
use crate::callers::{as_user, form, with_token};

const SYSTEM: &str = "/api/memory-layers/00000000-0000-7000-8000-000000000002";

impl House {
    /// A layer with these entries; gives its path in the API.
    async fn layer(&self, name: &str, entries: &[(&str, &str)]) -> String {
        let made = self.app.post("/api/memory-layers", &json!({ "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let layer = format!("/api/memory-layers/{}", made.json()["id"].as_str().unwrap());
        for (key, content) in entries {
            let body = json!({"key": key, "content": content});
            let kept = self.app.post(&format!("{layer}/entries"), &body).await;
            assert_eq!(kept.status, 201, "{}", kept.text);
        }
        layer
    }

    async fn remembering(&self, layers: &[&str]) -> String {
        let body = json!({"name": "Gardener", "prompt": "Help.", "memory_layers": layers,
                          "allowed_tools": ["filesystem"]});
        self.agent(body).await
    }

    /// What its model was told of what it remembers.
    fn remembered(&self) -> String {
        let asked = self.asked()["messages"][0]["content"].as_str().unwrap().to_owned();
        let part = asked.split("# What to remember\n").nth(1).unwrap_or_default();
        part.split("\n\n").next().unwrap_or_default().to_owned()
    }

    async fn recalled(&self, path: &str, body: Value) -> String {
        self.answers(&[Say::Text("Yes.")]);
        let sent = self.app.post(path, &body).await;
        assert!(sent.status.is_success(), "{}", sent.text);
        self.app.work().await;
        self.remembered()
    }
}

#[tokio::test]
async fn an_agent_remembers_its_layers_in_order_and_the_later_one_counts() {
    let house = House::new().await;
    house.layer("House", &[("dentist", "Dr. Bo"), ("bins", "on Mondays")]).await;
    let garden = house.layer("Garden", &[("Bins", "on Fridays"), ("roses", "by the gate")]).await;
    house.layer("Empty", &[]).await;
    let gardener = house.remembering(&["House", "garden", "Empty"]).await;
    let run = format!("{gardener}/run");
    let all = "- dentist: Dr. Bo\n- Bins: on Fridays\n- roses: by the gate";
    assert_eq!(house.recalled(&run, json!({"message": "Look"})).await, all);
    let entries = house.app.get(&format!("{garden}/entries")).await.json();
    let bins = format!("{garden}/entries/{}", entries["entries"][0]["id"].as_str().unwrap());
    let changed = house.app.send_json("PATCH", &bins, &json!({"content": "never"})).await.json();
    assert_eq!((&changed["key"], &changed["content"]), (&json!("Bins"), &json!("never")));
    assert!(house.recalled(&run, json!({"message": "Look"})).await.contains("Bins: never"));
    assert_eq!(house.app.send_json("DELETE", &bins, &Value::Null).await.status, 200);
    assert!(house.recalled(&run, json!({"message": "Look"})).await.contains("bins: on Mondays"));
    let id = gardener.rsplit('/').next().unwrap();
    let own = json!({"agent_id": id, "message": "Look", "memory_layers": ["Garden"]});
    assert_eq!(house.recalled("/api/runs", own).await, "- roses: by the gate");
    let none = json!({"agent_id": id, "message": "Look", "memory_layers": []});
    assert_eq!(house.recalled("/api/runs", none).await, "");
}

#[tokio::test]
async fn what_a_stack_takes_in_a_prompt_has_a_limit_and_the_bottom_is_left_out_first() {
    let house = House::new().await;
    let long = "x".repeat(4_000);
    let many: Vec<(String, &str)> = (0..5).map(|n| (format!("low {n}"), long.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, text)| (key.as_str(), *text)).collect();
    let low = house.layer("Low", &many).await;
    let high = house.layer("High", &[("top", long.as_str())]).await;
    let gardener = house.remembering(&["Low", "High"]).await;
    let told = house.recalled(&format!("{gardener}/run"), json!({"message": "Look"})).await;
    assert!(told.len() < 17_000 && told.contains("- top: x"), "{}", told.len());
    assert!(told.contains("- low 0: ") && !told.contains("- low 4: "), "{}", told.len());
    let notice = "\n- 3 more things are not shown here; the owner finds them under Memory.";
    assert!(
        told.ends_with(notice),
        "the model knows that there is more: {}",
        &told[told.len() - 99..]
    );
    let told = "These 3 do not fit into the prompt of Gardener: low 2, low 3, low 4.";
    for (page, says) in [(&low, true), (&high, false), (&"/memory-layers".to_owned(), true)] {
        let text = house.app.get(&page.replace("/api", "")).await.text;
        assert_eq!(text.contains(told), says, "{page}: {text}");
    }
    house.put(&gardener, json!({"memory_layers": ["High"]})).await;
    let told = house.recalled(&format!("{gardener}/run"), json!({"message": "Look"})).await;
    assert!(!told.contains("not shown here"), "it all fits");
    let page = house.app.get("/memory-layers").await.text;
    assert!(!page.contains("do not fit") && page.contains("Filled by the program"), "{page}");
}

#[tokio::test]
async fn what_a_person_remembers_counts_as_said_and_what_a_key_saved_does_not() {
    let house = House::new().await;
    let layer = house.layer("House", &[]).await;
    let gardener = house.remembering(&["House"]).await;
    let words = json!({"key": "tidy", "content": "garden.txt is old"}).to_string();
    let save = Request::post(format!("{layer}/entries")).header("content-type", "application/json");
    let saved = with_token(&house.app, &["admin"], save.body(Body::from(words)).unwrap()).await;
    assert_eq!((saved.status.as_u16(), &saved.json()["label"]["trust"]), (201, &json!("own")));
    let entry = format!("{layer}/entries/{}", saved.json()["id"].as_str().unwrap());
    let waiting = async || {
        house.answers(&[Say::Call("files_delete", json!({"path": "garden.txt"}))]);
        house.answers(&[Say::Text("Done.")]);
        house.run(&gardener, Some("Delete it")).await;
        house.app.get("/api/approvals").await.json()["approvals"].as_array().unwrap().clone()
    };
    let cards = waiting().await;
    assert_eq!(cards.len(), 1, "a program's words ask for nothing: {cards:?}");
    assert!(house.remembered().contains("garden.txt is old"));
    let call = cards[0]["call_id"].as_str().unwrap();
    house.app.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
    house.app.work().await;
    let saved = house.app.send_json("PATCH", &entry, &json!({})).await.json();
    assert_eq!(saved["label"]["trust"], "owner");
    let asked = house.model.requests().len();
    assert_eq!(waiting().await, [Value::Null; 0], "the file's name stands in the owner's words");
    assert_eq!(house.model.requests().len(), asked + 2, "the call was made and answered");
}

#[tokio::test]
async fn the_programs_own_layer_shows_the_owners_notes_and_nobody_changes_it_here() {
    let house = House::new().await;
    house.app.send(form("/settings/notes", "notes=I+live+in+Bergen.")).await;
    let layer = house.app.get(SYSTEM).await.json();
    assert_eq!((&layer["system"], &layer["name"]), (&json!(true), &json!("Owner’s notes")));
    let entries = house.app.get(&format!("{SYSTEM}/entries")).await.json();
    let entry = &entries["entries"][0];
    assert_eq!(
        (&entries["total"], &entry["content"], &entry["label"]["trust"]),
        (&json!(1), &json!("I live in Bergen."), &json!("own"))
    );
    let one = format!("{SYSTEM}/entries/{}", entry["id"].as_str().unwrap());
    for (method, path, body) in [
        ("PATCH", SYSTEM.to_owned(), json!({"name": "Mine"})),
        ("DELETE", SYSTEM.to_owned(), Value::Null),
        ("POST", format!("{SYSTEM}/entries"), json!({"key": "a", "content": "b"})),
        ("PATCH", one.clone(), json!({"content": "b"})),
        ("DELETE", one, Value::Null),
    ] {
        let refused = house.app.send_json(method, &path, &body).await;
        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.text);
        assert!(refused.text.contains("changed in Settings"), "{}", refused.text);
    }
    let gardener = house.remembering(&["Owner’s notes"]).await;
    let told = house.recalled(&format!("{gardener}/run"), json!({"message": "Look"})).await;
    assert_eq!(told, "- notes: I live in Bergen.");
}

#[tokio::test]
async fn what_makes_no_sense_of_a_layer_is_refused_with_a_sentence() {
    let house = House::new().await;
    let layer = house.layer("House", &[("bins", "on Mondays")]).await;
    let gardener = house.remembering(&["House"]).await;
    let (all, entries) = ("/api/memory-layers".to_owned(), format!("{layer}/entries"));
    let (agents, runs) = ("/api/agents".to_owned(), "/api/runs".to_owned());
    let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    for (path, body, sentence) in [
        (&all, json!({"name": " "}), "Give the layer a name"),
        (&all, json!({"name": "HOUSE"}), "a memory layer named HOUSE already"),
        (&all, json!({"name": "a, b"}), "without commas"),
        (&all, json!({"name": "A", "system": true}), "system"),
        (&entries, json!({"key": "BINS", "content": "x"}), "House has a key BINS already."),
        (&entries, json!({"key": "", "content": "x"}), "Give it a key"),
        (&entries, json!({"key": "a", "content": ""}), "Write what is to be remembered"),
        (&entries, json!({"key": "a", "content": "x".repeat(4_001)}), "up to 4000"),
        (
            &agents,
            json!({"name": "A", "memory_layers": ["Attic"]}),
            "no memory layer \\\"Attic\\\"",
        ),
        (&agents, json!({"name": "A", "memory_layers": ["House", "house"]}), "named twice"),
        (&agents, json!({"name": "A", "memory_layers": eleven}), "at most 10"),
        (&runs, json!({"message": "Look", "memory_layers": ["Attic"]}), "no memory layer"),
    ] {
        let refused = house.app.post(path, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(refused.text.contains(sentence), "{body}: {}", refused.text);
    }
    let used = house.app.send_json("DELETE", &layer, &Value::Null).await;
    assert_eq!(used.status, 409);
    assert!(used.text.contains("Gardener remembers this."), "{}", used.text);
    house.put(&gardener, json!({"memory_layers": []})).await;
    assert_eq!(house.app.send_json("DELETE", &layer, &Value::Null).await.status, 200);
    let make = Request::post(&all).header("content-type", "application/json");
    let make = make.body(Body::from(json!({"name": "Mine"}).to_string())).unwrap();
    assert_eq!(as_user(&house.app, &["*"], make).await.status, 403);
}

#[tokio::test]
async fn layers_are_filled_on_their_page_and_named_on_the_agents_form_and_in_its_bundle() {
    let house = House::new().await;
    assert_eq!(house.app.send(form("/memory-layers", "name=House&description=")).await.status, 303);
    let layers = house.app.get("/api/memory-layers").await.json();
    let id = layers["memory_layers"][1]["id"].as_str().unwrap().to_owned();
    let page = format!("/memory-layers/{id}");
    let odd = house.app.send(form(&format!("{page}/entries"), "key=bins&content=")).await;
    assert!(
        odd.status == 422 && odd.text.contains("Write what is to be remembered"),
        "{}",
        odd.text
    );
    let kept = form(&format!("{page}/entries"), "key=bins&content=on+Mondays");
    assert_eq!(house.app.send(kept).await.status, 303);
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("on Mondays") && shown.contains("Counts as said by you"), "{shown}");
    assert!(house.app.get("/memory-layers").await.text.contains("1 entry"));
    let made = "name=Gardener&prompt_mode=combined&revision=&memory_layers=House,+Owner’s+notes";
    assert_eq!(house.app.send(form("/agents", made)).await.status, 303);
    let agents = house.app.get("/api/agents").await.json();
    let gardener = agents.as_array().unwrap().iter().find(|it| it["name"] == "Gardener").unwrap();
    assert_eq!(gardener["memory_layers"][0], id.as_str());
    let agent = format!("/agents/{}", gardener["id"].as_str().unwrap());
    assert!(house.app.get(&agent).await.text.contains("House, Owner’s notes"));
    let edit = house.app.get(&format!("{agent}/edit")).await.text;
    assert!(edit.contains("House, Owner’s notes"), "{edit}");
    let file = house.app.get(&format!("/api{agent}/bundle")).await.text;
    assert!(file.contains("\"House\"") && !file.contains(&id), "{file}");
    let bundle = file.replace("Gardener", "Other");
    let other = house.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
    assert_eq!((other.status.as_u16(), &other.json()["memory_layers"][0]), (201, &json!(id)));
}
