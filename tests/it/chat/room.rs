//! Long conversations: old results are taken out, then the older half is summed up; what a run may
//! still do is counted over all of it. And who answers what needs no model.

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};

use super::wire::models;
use crate::callers::form;

const CLEARED: &str = "(This result was removed to save space.";
const SUMMARY: &str = "The owner reads long letters.";
/// Of a model that nobody knows, 70 % of 32 000 tokens are 22 400; four bytes count as one.
const LETTER_BYTES: usize = 30_000;

struct House {
    app: TestApp,
    model: ModelServer,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new(more: &str) -> House {
        let model = ModelServer::start().await;
        let toml = format!("{}{more}", models(&model, Kind::OpenAi));
        House::of(model, &toml).await
    }

    async fn of(model: ModelServer, toml: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::with_config(folder.path(), toml).await;
        let own = folder.path().join("data/files").join(ADA.to_string());
        std::fs::create_dir_all(&own).unwrap();
        for (name, bytes) in [("letter", LETTER_BYTES), ("page", LETTER_BYTES / 2)] {
            let words = "dear Ada, all is well. ".repeat(bytes / 23);
            std::fs::write(own.join(format!("{name}.txt")), words).unwrap();
        }
        model.answer_to("Summarise the conversation above", Answer::openai_text(SUMMARY));
        House { app, model, _folder: folder }
    }

    fn answers(&self, part: Say<'_>) {
        self.model.answer(Answer::of(Kind::OpenAi, &[part]));
    }

    async fn say(&self, chat: &str, words: &str) {
        self.app.say(Some(chat), words).await;
        self.app.work().await;
    }

    fn asked(&self) -> Vec<Value> {
        self.model.requests().iter().map(|it| it.json()).collect()
    }
}

fn reads(file: &str) -> Say<'static> {
    Say::Call("files_read", json!({"path": format!("{file}.txt")}))
}

#[tokio::test]
async fn old_results_go_first_and_then_the_older_half_becomes_a_summary() {
    let house = House::new("").await;
    let chat = steward::ids::ConversationId::new(house.app.app.clock.now()).to_string();
    for turn in 1..=3 {
        house.answers(reads("letter"));
        house.answers(Say::Text("It is well."));
        house.say(&chat, &format!("read the letter, time {turn}")).await;
    }
    let last = house.asked().pop().unwrap()["messages"].clone();
    let told = last.to_string();
    assert_eq!(told.matches(CLEARED).count(), 1, "the oldest of three letters: {told}");
    assert!(told.contains("read the letter, time 1"), "no word of the owner's is gone: {told}");
    assert!(!told.contains(SUMMARY));
    assert!(!house.asked().iter().any(|it| it.to_string().contains("Summarise")));
    // Each call is still answered, for providers insist on it.
    let role = |role: &str| last.as_array().unwrap().iter().filter(|it| it["role"] == role).count();
    assert_eq!(role("tool"), 3, "{last}");
    let run = house.app.get("/api/runs").await.json()["runs"][2]["id"].clone();
    let trace = format!("/api/runs/{}/tool-calls", run.as_str().unwrap());
    let trace = house.app.get(&trace).await.text;
    assert!(trace.contains("dear Ada"), "the trace has it still");

    for turn in 1..=4 {
        house.answers(Say::Text("I see."));
        house.say(&chat, &format!("words {turn}: {}", "and so on ".repeat(2_500))).await;
    }
    let told = house.asked().pop().unwrap()["messages"].to_string();
    assert!(told.contains(SUMMARY), "{}", &told[..2_000]);
    assert!(!told.contains("read the letter, time 1"));
    assert!(told.contains("words 4"), "the latest words stand as they were said");
    let asked: Vec<Value> = house.asked();
    let summed = asked.iter().find(|it| it.to_string().contains("Summarise")).unwrap();
    assert!(summed["tools"].as_array().is_none_or(Vec::is_empty), "who sums up can do nothing");
    // Nothing is lost to the owner.
    let kept = house.app.get(&format!("/api/conversations/{chat}")).await.text;
    assert!(kept.contains("read the letter, time 1"));
}

#[tokio::test]
async fn a_run_may_call_no_more_tools_for_having_been_shortened() {
    const CALLS: u32 = 9;
    let house = House::new(&format!("[limits]\nmax_tool_calls = {CALLS}\n")).await;
    for _ in 0..CALLS {
        house.answers(reads("page"));
    }
    house.answers(Say::Text("I read nine pages."));
    let chat = house.app.say(None, "read the page again and again").await;
    house.app.work().await;
    assert_eq!(house.app.last_answer(&chat).await, "I read nine pages.");
    let last = house.asked().pop().unwrap();
    assert_eq!(last["tool_choice"], "none");
    let told = last["messages"].to_string();
    assert!(told.contains("You have used all tool calls of this run"), "{}", &told[..3_000]);
    assert!(told.contains(CLEARED) || told.contains(SUMMARY), "it was shortened on the way");
    let runs = house.app.get("/api/runs").await.json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    let run = runs["runs"][0]["id"].as_str().unwrap().to_owned();
    let calls = house.app.get(&format!("/api/runs/{run}/tool-calls")).await.json();
    assert_eq!(calls["total"], CALLS);
}

#[tokio::test]
async fn a_conversation_with_calls_is_summed_up_by_anthropic_too() {
    let model = ModelServer::start().await;
    let toml = models(&model, Kind::Anthropic);
    let house = House::of(model, &toml).await;
    house.model.answer_to("Summarise the conversation above", Answer::anthropic_text(SUMMARY));
    house.model.answer(Answer::anthropic(&[reads("letter")]));
    house.model.always(Answer::anthropic_text("I see."));
    let chat = house.app.say(None, "read the letter").await;
    house.app.work().await;
    for turn in 1..=5 {
        house.say(&chat, &format!("words {turn}: {}", "and so on ".repeat(2_500))).await;
        assert_eq!(house.app.last_answer(&chat).await, "I see.");
    }
    let asked = house.asked();
    let summed = asked.iter().find(|it| it.to_string().contains("Summarise")).unwrap();
    assert!(summed["messages"].to_string().contains("tool_use"));
    let tool = json!({"name": "files_read", "input_schema": {"type": "object"}});
    assert_eq!(
        (&summed["tools"], &summed["tool_choice"]),
        (&json!([tool]), &json!({"type": "none"})),
        "who sums up can do nothing"
    );
    let told = asked.last().unwrap()["messages"].to_string();
    assert!(told.contains(SUMMARY), "{}", &told[..2_000]);
}

#[tokio::test]
async fn commands_first_answers_plain_commands_without_the_model_and_leaves_it_the_rest() {
    let house = House::new("").await;
    house.model.always(Answer::openai_text("I am the model."));
    assert_eq!(house.app.ask("note: roses").await, "I am the model.");
    let on = form("/settings/models", "models.commands_first=true");
    let answer = house.app.send(on).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let before = house.asked().len();
    let noted = house.app.ask("note: tulips").await;
    assert!(noted.contains("tulips") && noted != "I am the model.", "{noted}");
    // A question of the commands' own is answered to them.
    let chat = house.app.say(None, "remind me to stretch").await;
    house.app.work().await;
    house.say(&chat, "tomorrow at 9").await;
    assert_eq!(house.app.get("/api/reminders").await.json()["total"], 1);
    assert_eq!(house.asked().len(), before, "no model was asked");
    assert_eq!(house.app.get("/api/notes").await.json()["total"], 1);
    assert_eq!(house.app.ask("What is a good name for a cat?").await, "I am the model.");
    // What the model called is not the commands' to answer.
    house.answers(Say::Call("notes_search", json!({"query": "tulips"})));
    assert_eq!(
        house.app.ask("Which flowers did I think of, do you suppose?").await,
        "I am the model."
    );
    assert_eq!(house.asked().len(), before + 3);
}

#[tokio::test]
async fn the_model_that_was_picked_answers_and_stays_picked_in_its_conversation() {
    let model = ModelServer::start().await;
    // What the file says of the default could not be chosen on a page.
    let toml = models(&model, Kind::OpenAi).replace("default = \"p:m\"\n", "");
    let house = House::of(model, &toml).await;
    house.model.always(Answer::openai_text("I am the model."));
    assert_eq!(house.app.send(form("/models/default", "model=p%3Am")).await.status, 303);
    let page = house.app.get("/chat").await.text;
    assert!(page.contains("<select id=\"model\" name=\"model\">"), "{page}");
    assert!(
        page.contains("value=\"p:m\"") && page.contains("value=\"builtin:commands\""),
        "{page}"
    );
    let by = |model: &str, words: &str| {
        let part = |name: &str, value: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = format!("{}{}--b--\r\n", part("text", words), part("model", model));
        axum::body::Body::from(body)
    };
    let post = async |path: &str, model: &str, words: &str| {
        let request = axum::http::Request::post(path)
            .header("content-type", "multipart/form-data; boundary=b")
            .body(by(model, words))
            .unwrap();
        let sent = house.app.send(request).await;
        house.app.work().await;
        sent
    };
    assert_eq!(post("/chat", "builtin:commands", "note: roses").await.status, 303);
    assert_eq!(house.asked().len(), 0);
    assert_eq!(house.app.get("/api/notes").await.json()["total"], 1);
    let chats = house.app.get("/api/conversations").await.json();
    let chat = chats["conversations"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/chat/{chat}");
    let picked = house.app.get(&path).await.text;
    assert!(picked.contains("value=\"builtin:commands\" selected"), "{picked}");
    assert_eq!(post(&path, "p:other", "and who are you?").await.status, 303);
    assert_eq!(house.app.last_answer(&chat).await, "I am the model.");
    assert_eq!(house.asked().pop().unwrap()["model"], "other");
    let picked = house.app.get(&path).await.text;
    assert!(picked.contains("value=\"p:other\" selected"), "{picked}");
    let refused = post(&path, "nobody:m", "kept words").await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("kept words"), "{}", refused.text);
    // For all that begin later, on the page of models.
    let chosen = form("/models/default", "model=p%3Athird");
    assert_eq!(house.app.send(chosen).await.status, 303);
    assert_eq!(house.app.ask("And you?").await, "I am the model.");
    assert_eq!(house.asked().pop().unwrap()["model"], "third");
    // Where another was picked, that one goes on; where the default was, the new one answers.
    house.say(&chat, "still you?").await;
    assert_eq!(house.asked().pop().unwrap()["model"], "other");
    assert_eq!(post(&path, "p:third", "and you?").await.status, 303);
    assert_eq!(house.app.send(form("/models/default", "model=p%3Afourth")).await.status, 303);
    house.say(&chat, "who is it now?").await;
    assert_eq!(house.asked().pop().unwrap()["model"], "fourth");
}

#[tokio::test]
async fn an_agents_own_model_is_the_one_picked_on_its_page() {
    let house = House::new("").await;
    house.model.always(Answer::openai_text("Roses."));
    let gardener = json!({"name": "Gardener", "model": "p:green", "allowed_tools": []});
    let gardener = house.app.post("/api/agents", &gardener).await.json();
    let run = format!("/api/agents/{}/run", gardener["id"].as_str().unwrap());
    let run = house.app.post(&run, &json!({"message": "What grows?"})).await.json();
    house.app.work().await;
    let chat = run["conversation_id"].as_str().unwrap();
    assert_eq!(house.asked().pop().unwrap()["model"], "green");
    let page = house.app.get(&format!("/chat/{chat}")).await.text;
    assert!(page.contains("value=\"p:green\" selected"), "{page}");
    let found = house.app.get(&format!("/api/conversations/{chat}")).await.json();
    assert_eq!(found["model"], "p:green");
}
