//! Opening a model by its name, trying one, and asking a provider what it has.

use std::time::Duration;

use serde_json::json;
use steward::clock::Clock;
use steward::outside::model::{Kind, ModelError, Models};
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::models_errors::{Peer, error};
use crate::models_wire::KINDS;

#[tokio::test]
async fn a_name_that_opens_nothing_says_what_to_write() {
    let server = ModelServer::start().await;
    let mut provider = server.provider(Kind::OpenAi, "");
    provider.name = "ollama".to_owned();
    let models = Models::new(vec![provider], Clock::System);
    let said = |name: &str| models.open(name).unwrap_err().to_string();
    insta::assert_snapshot!(said("olama:qwen3:8b"), @r#"There is no model provider “olama”. Did you mean “ollama”?"#);
    insta::assert_snapshot!(said("anthropic:claude"), @r#"There is no model provider “anthropic”. Add it in Models."#);
    insta::assert_snapshot!(said("qwen3"), @r#"“qwen3” doesn't name a model. Write it as NAME:model, with the name of one of your providers before the colon."#);
    assert_eq!(models.open("ollama:qwen3:8b").unwrap().name(), "ollama:qwen3:8b");
}

#[tokio::test]
async fn a_live_test_answers_or_says_why_not() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let models = Models::new(Vec::new(), Clock::System);
        server.answer(Answer::of(kind, &[Say::Text("ready")]));
        let took = models.test(server.provider(kind, "k"), "m").await.unwrap();
        assert!(took < Duration::from_secs(30));
        server.answer(Answer::json(401, &error("authentication_error", "no")));
        let err = models.test(server.provider(kind, "k"), "m").await.unwrap_err();
        assert!(matches!(&err, ModelError::WrongKey { provider, .. } if provider == "p"), "{err}");
    }
}

#[tokio::test]
async fn the_provider_lists_its_models_and_is_asked_once() {
    let router = json!({ "data": [
        {
            "id": "vendor/big", "name": "Big", "context_length": 200_000,
            "architecture": { "input_modalities": ["text", "image"] },
            "supported_parameters": ["tools"],
            "top_provider": { "max_completion_tokens": 64_000 },
            "pricing": { "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003" },
        },
        { "id": "local", "max_model_len": 4096, "pricing": { "prompt": "-1", "completion": "-1" } },
        { "no id": true },
    ] });
    let peer = Peer::start(Kind::OpenAi).await;
    peer.server.answer(Answer::json(200, &router));
    let provider = peer.models.provider("p").unwrap();
    let list = peer.models.list(provider).await.unwrap();
    let lines: Vec<String> = list.iter().map(|line| format!("{line:?}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Listed { id: "vendor/big", title: Some("Big"), info: Info { context_tokens: Some(200000), output_tokens_max: Some(64000), price: Some(Price { input: 3000000, output: 15000000, cached: Some(300000), cache_write: None, long: None }), vision: Some(true), tools: Some(true) } }
    Listed { id: "local", title: None, info: Info { context_tokens: Some(4096), output_tokens_max: None, price: None, vision: None, tools: None } }
    "#);
    assert_eq!(peer.models.list(provider).await.unwrap(), list);
    assert_eq!(peer.server.requests().len(), 1);
    assert_eq!(peer.server.requests()[0].path, "/v1/models");
    let told = peer.models.told("p:vendor/big").unwrap();
    assert_eq!(told.price.map(|price| price.output), Some(15_000_000));
    assert_eq!(peer.models.told("p:unlisted"), None);

    let peer = Peer::start(Kind::Anthropic).await;
    let claude = json!({ "id": "claude-x", "display_name": "Claude X", "type": "model" });
    peer.server.answer(Answer::json(200, &json!({ "data": [claude], "has_more": false })));
    let list = peer.models.list(peer.models.provider("p").unwrap()).await.unwrap();
    assert_eq!((&*list[0].id, list[0].title.as_deref()), ("claude-x", Some("Claude X")));
    assert_eq!(peer.server.requests()[0].path, "/v1/models?limit=1000");
}

#[tokio::test]
async fn a_provider_without_a_list_says_so() {
    let peer = Peer::start(Kind::OpenAi).await;
    peer.server.answer(Answer::json(200, &json!({ "hello": 1 })));
    let err = peer.models.list(peer.models.provider("p").unwrap()).await.unwrap_err();
    assert!(err.to_string().ends_with("its answer holds no list of models"), "{err}");
}
