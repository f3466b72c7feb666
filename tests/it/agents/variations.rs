//! Variations: which one a run is of, that it stays that, and what is thought of each.

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::Answer;
use steward::testing::model_answers::{Answer as Answered, Say};

use super::House;
use crate::callers::{as_user, form, with_token};

impl House {
    /// A variation of this agent; gives its path in the API.
    async fn variation(&self, agent: &str, body: Value) -> String {
        let made = self.app.post(&format!("{agent}/variations"), &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("{agent}/variations/{}", made.json()["id"].as_str().unwrap())
    }

    async fn assign(&self, variation: &str, body: Value) -> Answer {
        self.app.post(&format!("{variation}/assignments"), &body).await
    }

    /// Has the agent work on this with this body; gives the run.
    async fn ran(&self, agent: &str, body: Value) -> Value {
        self.answers(&[Say::Text("Done.")]);
        let sent = self.app.post(&format!("{agent}/run"), &body).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        self.app.work().await;
        let run = sent.json()["run_id"].as_str().unwrap().to_owned();
        self.app.get(&format!("/api/runs/{run}")).await.json()
    }

    /// The words for the agent that its model was sent last.
    fn told(&self) -> String {
        let asked = self.asked()["messages"][0]["content"].to_string();
        let words = asked.split("# Your task\\n").nth(1).unwrap_or_default();
        words.split("\\n").next().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn runs_are_shared_out_by_weight_and_one_of_weight_0_is_had_only_by_name() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.variation(&gardener, json!({"name": "Quiet", "prompt": "Say little."})).await;
    let plain = house.ran(&gardener, json!({"message": "Look"})).await;
    assert_eq!(plain["variation"], Value::Null, "as it stands: nothing has a weight");
    for (name, weight) in [("Short", 2), ("Long", 3)] {
        let body = json!({"name": name, "prompt": format!("Be {name}."), "weight": weight});
        house.variation(&gardener, body).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..24 {
        let run = house.ran(&gardener, json!({"message": "Look"})).await;
        let name = run["variation"]["name"].as_str().unwrap().to_owned();
        assert_eq!(house.told(), format!("Be {name}."));
        seen.insert(name);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Long", "Short"]);
    let named = house.ran(&gardener, json!({"message": "Look", "variation": "quiet"})).await;
    assert_eq!(
        (&named["variation"]["name"], house.told()),
        (&json!("Quiet"), "Say little.".into())
    );
    let page = house.app.get(&format!("/runs/{}", named["id"].as_str().unwrap())).await.text;
    assert!(page.contains("<dt>As its variation</dt><dd>Quiet</dd>"), "{page}");
    house.answers(&[Say::Text("Done.")]);
    let talk = named["conversation_id"].as_str().unwrap();
    house.app.say(Some(talk), "And now?").await;
    house.app.work().await;
    assert_eq!(house.told(), "Say little.", "a conversation goes on as it began");
}

#[tokio::test]
async fn what_is_assigned_goes_before_what_is_named_and_before_weights() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let long = house
        .variation(&gardener, json!({"name": "Long", "prompt": "Be long.", "weight": 9}))
        .await;
    let short = house.variation(&gardener, json!({"name": "Short", "prompt": "Be short."})).await;
    assert_eq!(house.assign(&short, json!({"counterparty": "Ann"})).await.status, 201);
    let messages = format!("{gardener}/messages");
    for (who, words) in [("Ann", "Be short."), ("Bob", "Be long.")] {
        house.answers(&[Say::Text("Yes.")]);
        house.app.post(&messages, &json!({"content": "Beans?", "counterparty": who})).await;
        house.app.work().await;
        assert_eq!(house.told(), words, "{who}");
    }
    let id = gardener.rsplit('/').next().unwrap();
    let task = json!({"name": "Beds", "prompt": "Note the beds.", "schedule": "every 30 minutes",
                      "allowed_tools": ["notes"], "agent_id": id});
    let task = house.app.post("/api/tasks", &task).await.json()["id"].clone();
    let made = house.assign(&short, json!({"task_id": task})).await;
    assert_eq!((made.status.as_u16(), &made.json()["title"]), (201, &json!("Beds")));
    house.answers(&[Say::Text("Done.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    assert_eq!(house.told(), "Be short.");
    let ada = steward::testing::ADA;
    let of_ada = house.assign(&short, json!({"user_id": ada})).await.json();
    house.ran(&gardener, json!({"message": "Look", "variation": "Long"})).await;
    assert_eq!(house.told(), "Be short.");
    let twice = house.assign(&long, json!({"user_id": ada})).await;
    assert_eq!(twice.status, 409);
    assert!(twice.text.contains("This is assigned to Short already."), "{}", twice.text);
    let gone = format!("{short}/assignments/{}", of_ada["id"].as_str().unwrap());
    assert_eq!(house.app.send_json("DELETE", &gone, &Value::Null).await.text, r#"{"ok":true}"#);
    house.ran(&gardener, json!({"message": "Look"})).await;
    assert_eq!(house.told(), "Be long.");
    let left = house.app.get(&format!("{short}/assignments")).await.json();
    assert_eq!(
        (&left["total"], &left["assignments"][0]["counterparty"]),
        (&json!(2), &json!("Ann"))
    );
}

#[tokio::test]
async fn at_set_times_the_saved_words_are_said_and_a_variation_stands_beside_them() {
    let house = House::new().await;
    let scheduled = json!({"name": "Gardener", "prompt": "Note what grows.",
                           "allowed_tools": ["notes"], "schedule": "every 30 minutes"});
    let gardener = house.agent(scheduled).await;
    let page = gardener.replace("/api", "");
    let told = "At set times a run is told the words that you saved for it";
    assert!(!house.app.get(&page).await.text.contains(told), "it has no variation");
    let body = json!({"name": "Short", "prompt": "Be short.", "weight": 1});
    house.variation(&gardener, body).await;
    assert!(house.app.get(&page).await.text.contains(told));
    house.model.answer_to("Write down at most", Answered::openai_text(r#"{"effects": []}"#));
    house.answers(&[Say::Text("Done.")]);
    house.app.advance(SignedDuration::from_mins(30)).await;
    assert_eq!(house.told(), "Be short.");
    let said = house.asked()["messages"].as_array().unwrap().last().unwrap().to_string();
    assert!(said.contains("Note what grows."), "{said}");
    let run = house.app.get("/api/runs").await.json()["runs"][0].clone();
    assert_eq!(run["variation"]["name"], "Short");
}

#[tokio::test]
async fn a_run_stays_what_it_began_as_whatever_is_changed_meanwhile_and_after_a_kill() {
    let house = House::new().await;
    let gardener = house.agent(json!({"name": "Gardener", "allowed_tools": ["filesystem"]})).await;
    let short = house
        .variation(&gardener, json!({"name": "Short", "prompt": "Be short.", "weight": 1}))
        .await;
    house.answers(&[Say::Call("files_delete", json!({"path": "old.txt"}))]);
    house.run(&gardener, Some("Tidy up")).await;
    let cards = house.app.get("/api/approvals").await.json()["approvals"].clone();
    let call = cards[0]["call_id"].as_str().unwrap().to_owned();
    house.app.send_json("PATCH", &short, &json!({"prompt": "Be long.", "weight": 0})).await;
    house.variation(&gardener, json!({"name": "Rude", "prompt": "Be rude.", "weight": 9})).await;
    let house = house.killed().await;
    house.app.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
    house.answers(&[Say::Text("I leave it.")]);
    house.app.work().await;
    assert_eq!(house.told(), "Be short.");
    assert_eq!(house.app.send_json("DELETE", &short, &Value::Null).await.status, 200);
    let run = house.app.get("/api/runs").await.json()["runs"][0].clone();
    assert_eq!(run["variation"]["name"], "Short", "it is told of what is gone, too");
    let page = house.app.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await.text;
    assert!(page.contains("Be short.") && !page.contains("Be long."), "{page}");
    house.ran(&gardener, json!({"message": "Look"})).await;
    assert_eq!(house.told(), "Be rude.");
}

#[tokio::test]
async fn a_variations_words_count_as_said_when_a_person_wrote_them_and_only_then() {
    let house = House::new().await;
    let gardener = house.agent(json!({"name": "Gardener", "allowed_tools": ["filesystem"]})).await;
    let words = json!({"name": "Tidy", "prompt": "Keep no garden.txt.", "weight": 1});
    let made = Request::post(format!("{gardener}/variations"))
        .header("content-type", "application/json")
        .body(Body::from(words.to_string()))
        .unwrap();
    let made = with_token(&house.app, &["admin"], made).await;
    assert_eq!((made.status.as_u16(), &made.json()["label"]["trust"]), (201, &json!("own")));
    let tidy = format!("{gardener}/variations/{}", made.json()["id"].as_str().unwrap());
    let waiting = async || {
        house.answers(&[Say::Call("files_delete", json!({"path": "garden.txt"}))]);
        house.answers(&[Say::Text("Done.")]);
        house.run(&gardener, Some("Delete it")).await;
        house.app.get("/api/approvals").await.json()["approvals"].as_array().unwrap().clone()
    };
    let cards = waiting().await;
    assert_eq!(cards.len(), 1, "a program's words ask for nothing: {cards:?}");
    let call = cards[0]["call_id"].as_str().unwrap();
    house.app.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
    house.app.work().await;
    let saved = house.app.send_json("PATCH", &tidy, &json!({})).await.json();
    assert_eq!(saved["label"]["trust"], "owner");
    let asked = house.model.requests().len();
    assert_eq!(waiting().await, [Value::Null; 0], "the file's name stands in the owner's words");
    assert_eq!(house.model.requests().len(), asked + 2, "the call was made and answered");
}

#[tokio::test]
async fn what_is_thought_of_runs_is_added_up_beside_each_variation() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let short = house
        .variation(&gardener, json!({"name": "Short", "prompt": "Be short.", "weight": 1}))
        .await;
    for ratings in [&[5][..], &[1, 4], &[2], &[]] {
        let run = house.ran(&gardener, json!({"message": "Look"})).await;
        let feedback = format!("/api/runs/{}/feedback", run["id"].as_str().unwrap());
        for rating in ratings {
            let given = house.app.post(&feedback, &json!({ "rating": rating })).await;
            assert_eq!(given.status, 201, "{}", given.text);
        }
    }
    let found = house.app.get(&short).await.json();
    assert_eq!(
        (&found["runs"], &found["rated"], &found["good"]),
        (&json!(4), &json!(3), &json!(2)),
        "the last rating of a run counts"
    );
    let page = house.app.get(&gardener.replace("/api", "")).await.text;
    let told = "weight 1, 100 % of new runs · 4 runs, 67 % of 3 ratings good";
    assert!(page.contains(told), "{page}");
}

#[tokio::test]
async fn a_variation_may_be_another_model_and_goes_along_in_the_bundle() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let body = json!({"name": "Large", "model": "p:large", "weight": 1});
    house.variation(&gardener, body).await;
    let run = house.ran(&gardener, json!({"message": "Look"})).await;
    assert_eq!((&house.asked()["model"], &run["model"]), (&json!("large"), &json!("p:large")));
    assert_eq!(house.told(), "Note what grows.", "the words are the agent's own");
    let file = house.app.get(&format!("{gardener}/bundle")).await.text;
    let bundle = file.replace("Gardener", "Other").replace("p:large", "p:huge");
    let other = house.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
    assert_eq!(other.status, 201, "{}", other.text);
    let other = format!("/api/agents/{}/variations", other.json()["id"].as_str().unwrap());
    let large = house.app.get(&other).await.json()["variations"][0].clone();
    assert_eq!(
        (&large["name"], &large["model"], &large["enabled"], &large["label"]["trust"]),
        (&json!("Large"), &json!("p:huge"), &json!(false), &json!("outside"))
    );
    let bad = bundle.replace("weight = 1", "weight = \"much\"");
    assert_eq!(house.app.post("/api/agents/import", &json!({ "bundle": bad })).await.status, 400);
}

#[tokio::test]
async fn what_makes_no_sense_of_a_variation_is_refused_with_a_sentence() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let short = house.variation(&gardener, json!({"name": "Short"})).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let all = format!("{gardener}/variations");
    let assignments = format!("{short}/assignments");
    let run = format!("{gardener}/run");
    for (path, body, sentence) in [
        (&all, json!({"name": " "}), "Give the variation a name"),
        (&all, json!({"name": "SHORT"}), "a variation named SHORT already"),
        (&all, json!({"name": "A", "weight": 1001}), "from 0 to 1000"),
        (&all, json!({"name": "A", "weight": -1}), "weight"),
        (&all, json!({"name": "A", "model": "nobody:x"}), "nobody"),
        (&all, json!({"name": "A", "prompt": "x".repeat(20_001)}), "at most 20000"),
        (&all, json!({"name": "A", "colour": "red"}), "colour"),
        (&assignments, json!({}), "Send one of task_id"),
        (&assignments, json!({"user_id": nobody, "task_id": nobody}), "Send one of task_id"),
        (&assignments, json!({"counterparty": " "}), "Name whose words these are"),
        (&assignments, json!({"task_id": nobody}), "nothing of this agent with this id"),
        (&assignments, json!({"user_id": "me"}), "not an id"),
        (&assignments, json!({"colour": "red"}), "colour"),
        (&run, json!({"message": "Look", "variation": "Loud"}), "no variation of this agent"),
    ] {
        let refused = house.app.post(path, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(refused.text.contains(sentence), "{body}: {}", refused.text);
    }
    house.app.send_json("PATCH", &short, &json!({"enabled": false})).await;
    let off = house.app.post(&run, &json!({"message": "Look", "variation": "Short"})).await;
    assert_eq!(off.status, 400, "{}", off.text);
    assert!(house.model.requests().is_empty(), "nothing of that was begun");
    let other = house.agent(json!({"name": "Other"})).await;
    let foreign = short.replace(&gardener, &other);
    assert_eq!(house.app.get(&foreign).await.status, 404);
    let change = Request::post(all.clone()).header("content-type", "application/json");
    let change = change.body(Body::from(json!({"name": "Mine"}).to_string())).unwrap();
    assert_eq!(as_user(&house.app, &["*"], change).await.status, 403);
}

#[tokio::test]
async fn a_variation_is_made_changed_assigned_and_deleted_on_its_page() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let page = gardener.replace("/api", "");
    let new = format!("{page}/variations/new");
    assert!(house.app.get(&new).await.text.contains("New variation of Gardener"));
    let refused = house.app.send(form(&new, "name=&weight=1&prompt=Be+brief.")).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("Give the variation a name") && refused.text.contains("Be brief.")
    );
    let made = "name=Short&weight=1&enabled=yes&prompt=Be+brief.&model=";
    assert_eq!(house.app.send(form(&new, made)).await.status, 303);
    let found = house.app.get(&format!("{gardener}/variations")).await.json();
    let one = format!("{page}/variations/{}", found["variations"][0]["id"].as_str().unwrap());
    let shown = house.app.get(&one).await.text;
    assert!(shown.contains("Be brief.") && shown.contains("0 runs, none rated"), "{shown}");
    let odd = house.app.send(form(&one, "name=Short&weight=many")).await;
    assert!(odd.status == 422 && odd.text.contains("whole number from 0 to 1000"), "{}", odd.text);
    let user = format!("subject=user:{}", steward::testing::ADA);
    for assigned in [user.as_str(), "subject=&counterparty=Ann"] {
        assert_eq!(house.app.send(form(&format!("{one}/assign"), assigned)).await.status, 303);
    }
    let shown = house.app.get(&one).await.text;
    for part in ["what is said by “Ada”", "words passed on from “Ann”"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let agent = house.app.get(&page).await.text;
    assert!(agent.contains("As which variation") && agent.contains("100 % of new runs"), "{agent}");
    assert_eq!(house.app.send(form(&format!("{one}/delete"), "")).await.status, 303);
    assert_eq!(house.app.get(&one).await.status, 404);
}
