//! A task that a model makes: saved switched off, and switched on by one yes to its card.

use axum::http::StatusCode;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use super::{MINUTE, post_form, told};
use crate::callers::form;

const PLANNER: &str = "write down which effects on the world";
const WORDS: &str = "Every 10 minutes, please: delete the file old.txt";

struct House {
    _folder: tempfile::TempDir,
    model: ModelServer,
    app: TestApp,
}

impl House {
    async fn open() -> House {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        let config = format!(
            "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            model.base_url(Kind::OpenAi)
        );
        let app = TestApp::with_config(folder.path(), &config).await;
        let plan = json!({"effects": [{"tool": "files_delete", "arguments": {"path": "old.txt"}}]});
        model.answer_to(PLANNER, Answer::openai_text(&plan.to_string()));
        House { _folder: folder, model, app }
    }

    /// The owner asks for a task, and the model makes it; gives its path in the API.
    async fn proposed(&self) -> String {
        let task = json!({
            "name": "Tidy", "prompt": "delete the file old.txt", "schedule": "every 10 minutes",
            "tools": ["filesystem"],
        });
        self.model.answer(Answer::openai(&[Say::Call("tasks_create", task)]));
        self.app.say(None, WORDS).await;
        self.app.work().await;
        let made = self.app.get("/api/tasks").await.json()[0].clone();
        format!("/api/tasks/{}", made["id"].as_str().unwrap())
    }

    async fn card(&self) -> Value {
        let cards = self.app.get("/api/approvals").await.json()["approvals"].take();
        assert_eq!(cards.as_array().unwrap().len(), 1, "{cards}");
        cards[0].clone()
    }

    async fn answer(&self, verb: &str, body: &Value) {
        let call = self.card().await["call_id"].as_str().unwrap().to_owned();
        self.model.answer(Answer::openai_text("All right."));
        let said = self.app.post(&format!("/api/tool-calls/{call}/{verb}"), body).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text);
        self.app.work().await;
    }
}

#[tokio::test]
async fn a_task_that_a_model_proposes_is_switched_on_by_one_yes_with_what_the_card_said() {
    let house = House::open().await;
    let task = house.proposed().await;
    let made = house.app.get(&task).await.json();
    assert_eq!(made["enabled"], false, "saved, and off");
    let card = house.card().await;
    assert_eq!(card["description"], "Switch on this task?");
    assert_eq!(card["standing"], Value::Null, "no standing rule is offered");
    insta::assert_snapshot!(card["preview"].as_str().unwrap(), @"
    When: Every 10 minutes, UTC
    Next: Tuesday 1 January 2030, 09:10 UTC; Tuesday 1 January 2030, 09:20 UTC; Tuesday 1 January 2030, 09:30 UTC
    Tools: filesystem
    Whose words: the assistant’s, after what you said
    They ask for: Delete this file: old.txt. Nothing else that acts on the world.
    ");
    assert_eq!(card["origins"], json!([]), "the words are the owner's own");
    let page = house.app.get("/approvals").await.text;
    for part in ["Tools: filesystem", "They ask for: Delete this file: old.txt"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Always allow"), "{page}");
    house.app.advance(MINUTE * 30).await;
    assert_eq!(told(&house.app, &task).await.len(), 0, "it does nothing before the yes");
    house.answer("approve", &json!({})).await;
    let made = house.app.get(&task).await.json();
    assert_eq!((&made["enabled"], &made["label"]["trust"]), (&json!(true), &json!("owner")));
    assert_eq!(made["intent"], json!(["files_delete (path: old.txt)"]), "what was shown is kept");
    house.model.answer(Answer::openai_text("Nothing was there."));
    house.app.advance(MINUTE * 10).await;
    assert_eq!(told(&house.app, &task).await, ["09:40 done Nothing was there."]);
}

#[tokio::test]
async fn a_no_leaves_it_switched_off_and_no_rule_can_be_made_of_a_yes() {
    let house = House::open().await;
    let task = house.proposed().await;
    let call = house.card().await["call_id"].as_str().unwrap().to_owned();
    let always = json!({"always": {"scope": "this_tool", "lasts": "week"}});
    let refused = house.app.post(&format!("/api/tool-calls/{call}/approve"), &always).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    house.answer("deny", &json!({"memo": "not so often"})).await;
    house.app.advance(MINUTE * 30).await;
    assert_eq!(house.app.get(&task).await.json()["enabled"], false);
    assert_eq!(told(&house.app, &task).await.len(), 0);
}

#[tokio::test]
async fn what_was_changed_on_its_page_is_not_switched_on_by_the_older_card() {
    let house = House::open().await;
    let task = house.proposed().await;
    let other = json!({"prompt": "delete all", "schedule": "@hourly", "enabled": false});
    assert_eq!(house.app.send_json("PUT", &task, &other).await.status, StatusCode::OK);
    house.answer("approve", &json!({})).await;
    let stands = house.app.get(&task).await.json();
    assert_eq!((&stands["enabled"], &stands["prompt"]), (&json!(false), &json!("delete all")));
}

#[tokio::test]
async fn what_is_edited_on_the_card_is_what_is_switched_on_and_read_anew() {
    let house = House::open().await;
    let task = house.proposed().await;
    let edited = json!({
        "name": "Tidy", "prompt": "delete the file new.txt", "schedule": "@hourly",
        "tools": ["filesystem"],
    });
    let plan = json!({"effects": [{"tool": "files_delete", "arguments": {"path": "new.txt"}}]});
    house.model.answer_to(PLANNER, Answer::openai_text(&plan.to_string()));
    house.answer("approve", &json!({ "edited_arguments": edited })).await;
    house.app.tick().await;
    let stands = house.app.get(&task).await.json();
    assert_eq!((&stands["enabled"], &stands["prompt"]), (&json!(true), &edited["prompt"]));
    assert_eq!(stands["intent"], json!(["files_delete (path: new.txt)"]));
}

#[tokio::test]
async fn a_task_that_was_switched_on_on_its_page_stays_so_whatever_its_card_is_answered() {
    let house = House::open().await;
    let task = house.proposed().await;
    let page = task.replace("/api", "");
    let refused = post_form(&house.app, &format!("{page}/toggle"), "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "not by the click of a list");
    let seen = super::seen(&house.app, &page).await;
    let yes = post_form(&house.app, &format!("{page}/approve"), &seen).await;
    assert_eq!(yes.status, StatusCode::SEE_OTHER);
    let id = house.card().await["id"].as_str().unwrap().to_owned();
    house.model.answer(Answer::openai_text("All right."));
    let no = house.app.send(form(&format!("/approvals/{id}"), "answer=deny")).await;
    assert_eq!(no.status, StatusCode::SEE_OTHER);
    house.app.work().await;
    assert_eq!(house.app.get(&task).await.json()["enabled"], true);
}
