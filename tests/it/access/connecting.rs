//! The model step of setting up: tried live, and what is said of it at the end.

use serde_json::json;
use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;
use steward::testing::{Browser, Seen};

use super::Fresh;

const KEY: &str = "sk-a-key-of-adas-0123456789";

async fn connect(ada: &Browser, model: &ModelServer, kind: Kind) -> Seen {
    let name = if kind == Kind::OpenAi { "openai" } else { "anthropic" };
    let address = model.base_url(kind).to_string();
    let fields = [
        ("kind", name),
        ("name", "home"),
        ("base_url", &address),
        ("api_key", KEY),
        ("model", "m-1"),
    ];
    ada.submit("/setup/model", &fields).await
}

#[tokio::test]
async fn a_good_key_is_tried_kept_and_said_and_the_first_question_is_answered() {
    for kind in [Kind::OpenAi, Kind::Anthropic] {
        let (fresh, ada) = Fresh::owned().await;
        let model = ModelServer::start().await;
        let text = |words: &str| match kind {
            Kind::OpenAi => Answer::openai_text(words),
            Kind::Anthropic => Answer::anthropic_text(words),
        };
        model.answer(text("ready"));
        let done = connect(&ada, &model, kind).await;
        assert_eq!(done.brief(), "303 /setup/done", "{}", done.text);
        let tried = model.requests().remove(0);
        let shown = tried.headers.get("authorization").or(tried.headers.get("x-api-key")).unwrap();
        assert!(shown.ends_with(KEY));
        let page = ada.get("/setup/done").await.text;
        assert!(page.contains("Ready, and connected"), "{page}");
        assert!(page.contains("home:m-1 answered in 0."), "{page}");
        assert!(page.contains("href=\"/chat\"") && !page.contains(KEY), "{page}");
        model.answer(text("Good morning."));
        let begun =
            ada.json("POST", "/api/runs", &json!({"message": "Are you there?"})).await.json();
        fresh.house.work().await;
        let chat = begun["conversation_id"].as_str().unwrap().to_owned();
        assert_eq!(fresh.house.last_answer(&chat).await, "Good morning.");
        let asked = model.requests().pop().unwrap();
        assert_eq!(asked.json()["model"], "m-1");
        assert!(asked.headers.values().any(|it| it.ends_with(KEY)), "the key came from the vault");
        let database = std::fs::read(fresh.folder.path().join("data/steward.db")).unwrap();
        assert!(!database.windows(KEY.len()).any(|it| it == KEY.as_bytes()), "it is sealed");
    }
}

#[tokio::test]
async fn a_refused_key_is_said_beside_its_field_and_nothing_is_kept() {
    let (fresh, ada) = Fresh::owned().await;
    let model = ModelServer::start().await;
    let refusal = r#"{"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}}"#;
    model.always(Answer::status(401, refusal));
    let refused = connect(&ada, &model, Kind::OpenAi).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("home"), "what was typed is still there: {}", refused.text);
    assert!(refused.text.contains("id=\"api_key-error\""), "{}", refused.text);
    assert!(!refused.text.contains(KEY), "the key is not shown again");
    let providers = fresh.house.app.config.get().models.providers.len();
    assert_eq!(providers, 0);
    assert!(!fresh.house.get("/api/credentials").await.text.contains("home"));
    // The step is still open, and can be skipped.
    assert!(ada.get("/setup/model").await.text.contains("Connect a language model"));
    let skipped = ada.submit("/setup/model", &[("kind", "openai"), ("skip", "yes")]).await;
    assert_eq!(skipped.brief(), "303 /setup/done");
    let page = ada.get("/setup/done").await.text;
    assert!(page.contains("<h1>Ready</h1>") && !page.contains("answered in"), "{page}");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_in_a_sentence() {
    let (_fresh, ada) = Fresh::owned().await;
    let model = ModelServer::start().await;
    model.always(Answer::status(
        404,
        r#"{"error": {"message": "no such model", "code": "model_not_found"}}"#,
    ));
    let refused = connect(&ada, &model, Kind::OpenAi).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("m-1"), "{}", refused.text);
    let gone = [
        ("kind", "openai"),
        ("name", "home"),
        ("base_url", "http://127.0.0.1:1/v1"),
        ("model", "m"),
    ];
    let refused = ada.submit("/setup/model", &gone).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.text.contains("home can&#39;t be reached: no connection ("),
        "{}",
        refused.text
    );
    // A key that was typed is not shown again, and that is said; the address is still there.
    let again = "Type the key again";
    assert!(!refused.text.contains(again), "{}", refused.text);
    let refused = ada.submit("/setup/model", &[&gone[..], &[("api_key", KEY)]].concat()).await;
    let said = refused.text.split_once("id=\"api_key-error\"").expect(&refused.text).1;
    assert!(said.split("</p>").next().unwrap().contains(again), "{}", refused.text);
    assert!(refused.text.contains("value=\"http://127.0.0.1:1/v1\""), "{}", refused.text);
    assert!(!refused.text.contains(KEY), "{}", refused.text);
    for (field, value, error) in [
        ("name", "My Home", "name-error"),
        ("base_url", "ftp://example.org", "base_url-error"),
        ("model", "", "model-error"),
    ] {
        let mut fields = vec![
            ("kind", "openai"),
            ("name", "home"),
            ("base_url", "http://127.0.0.1:1"),
            ("model", "m"),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let refused = ada.submit("/setup/model", &fields).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.text.contains(&format!("id=\"{error}\"")), "{}", refused.text);
    }
}
