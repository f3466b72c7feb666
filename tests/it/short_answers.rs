//! Answers that are none, and answers that end too early: neither passes for a whole one.

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::chat::wire::models;

/// What a program that asks is told, and what the run's row and page say.
struct Heard {
    events: String,
    run: Value,
    page: String,
    messages: Vec<(String, String)>,
}

impl Heard {
    fn codes(&self) -> (&str, &str) {
        let word = |name: &str| self.run[name].as_str().unwrap_or_default();
        (word("state"), word("error_code"))
    }
}

async fn hear(kind: Kind, answer: Answer) -> Heard {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelServer::start().await;
    let house = TestApp::with_config(folder.path(), &models(&model, kind)).await;
    model.always(answer);
    let body = json!({"message": "Tell me"});
    let events = tokio::select! {
        answer = house.post("/api/chat/completions", &body) => answer.text,
        () = async { loop { house.work().await; tokio::task::yield_now().await } } => unreachable!(),
    };
    let run = house.get("/api/runs").await.json()["runs"][0].clone();
    let talk = house.get("/api/conversations").await.json()["conversations"][0]["id"].clone();
    let talk = talk.as_str().unwrap();
    let told = house.get(&format!("/api/conversations/{talk}")).await.json();
    let messages = told["messages"].as_array().unwrap().iter().map(|message| {
        ["role", "content"].map(|name| message[name].as_str().unwrap().to_owned()).into()
    });
    let page = house.get(&format!("/chat/{talk}")).await.text;
    Heard { events, run, page, messages: messages.collect() }
}

/// An answer that ends for this reason, as its wire spells it.
fn ending(kind: Kind, text: &str, reason: &str) -> Answer {
    let parts = [Say::Text(text)];
    let parts = if text.is_empty() { &[][..] } else { &parts };
    let whole = String::from_utf8(Answer::of(kind, parts).body()).unwrap();
    let usual = if kind == Kind::OpenAi { "\"stop\"" } else { "\"end_turn\"" };
    Answer::stream().then(whole.replace(usual, &format!("\"{reason}\"")))
}

#[tokio::test]
async fn a_refused_answer_fails_the_run_and_what_was_said_is_kept() {
    for (kind, reason) in [(Kind::Anthropic, "refusal"), (Kind::OpenAi, "content_filter")] {
        for text in ["I won’t go on with", ""] {
            let heard = hear(kind, ending(kind, text, reason)).await;
            assert_eq!(heard.codes(), ("failed", "refused"), "{}", heard.run);
            let sentence = "p:m refused to answer. Say it in other words, or ask another model.";
            assert_eq!(heard.run["error"], sentence);
            assert!(heard.events.contains("event: error") && heard.events.contains(sentence));
            assert!(!heard.events.contains("event: done"), "{}", heard.events);
            assert!(heard.page.contains(sentence), "{}", heard.page);
            let said: Vec<&str> = heard.messages[1..].iter().map(|it| it.1.as_str()).collect();
            assert_eq!(said.concat(), text);
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_word_fails_the_run_and_says_why() {
    for (kind, reasons) in
        [(Kind::Anthropic, ["end_turn", "max_tokens"]), (Kind::OpenAi, ["stop", "length"])]
    {
        let sentences = [
            "p:m gave an empty answer. Try again, or ask another model.",
            "p:m reached its longest answer before it said a word. Ask for less at once, or ask \
             another model.",
        ];
        for (reason, sentence) in reasons.into_iter().zip(sentences) {
            let heard = hear(kind, ending(kind, "", reason)).await;
            assert_eq!(heard.codes(), ("failed", "empty_answer"), "{}", heard.run);
            assert_eq!(heard.run["error"], sentence);
            assert!(heard.events.contains("event: error") && heard.events.contains(sentence));
        }
    }
}

#[tokio::test]
async fn an_answer_cut_at_its_longest_says_so_beneath() {
    for (kind, reason) in [(Kind::Anthropic, "max_tokens"), (Kind::OpenAi, "length")] {
        let heard = hear(kind, ending(kind, "Once upon a", reason)).await;
        assert_eq!(heard.codes(), ("completed", ""), "{}", heard.run);
        let sentence =
            "The answer ends here because it reached the longest that the model may write.";
        assert!(heard.page.contains(sentence), "{}", heard.page);
        let told = heard.events.find("event: notice").unwrap();
        assert!(heard.events[told..].contains(sentence), "{}", heard.events);
        assert!(told < heard.events.find("event: done").unwrap(), "{}", heard.events);
        let [_, (_, answer), (role, notice)] = &heard.messages[..] else {
            panic!("{:?}", heard.messages)
        };
        assert_eq!((answer.as_str(), role.as_str()), ("Once upon a", "notice"));
        assert!(notice.starts_with(sentence), "{notice}");
    }
}
