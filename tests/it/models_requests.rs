//! What a provider is asked, in its wire's own shape.

use serde_json::{Value, json};
use steward::outside::model::{Kind, Message, Part, Request, Role, ToolSchema};
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::models_wire::{collect, request};

fn conversation() -> Request {
    let call = |id: &str, arguments| Part::ToolCall {
        id: id.to_owned(),
        name: "note".to_owned(),
        arguments,
    };
    let result = |id: &str, content: &str, is_error| Part::ToolResult {
        id: id.to_owned(),
        content: content.to_owned(),
        is_error,
    };
    let image = Part::Image { media_type: "image/png".to_owned(), data: "aGk=".to_owned() };
    let messages = vec![
        Message { role: Role::User, parts: vec![Part::Text("What is this?".into()), image] },
        Message {
            role: Role::Assistant,
            parts: vec![
                Part::Text("I'll note it.".into()),
                call("a.1", json!({ "text": "x" })),
                call("b", json!("not an object")),
            ],
        },
        Message {
            role: Role::User,
            parts: vec![
                Part::Text("And hurry.".into()),
                result("a.1", "Noted.", false),
                result("b", "The arguments are not a JSON object.", true),
            ],
        },
    ];
    let tool = ToolSchema {
        name: "note".to_owned(),
        description: "Writes a note.".to_owned(),
        parameters: json!({ "type": "object", "properties": { "text": { "type": "string" } } }),
    };
    Request { tools: [tool].into(), ..request(messages) }
}

async fn asked(kind: Kind) -> (String, Value) {
    let server = ModelServer::start().await;
    server.answer(Answer::of(kind, &[Say::Text("hi")]));
    let model = server.models(kind).open("p:m").unwrap();
    collect(&model, conversation()).await.unwrap();
    let seen = server.requests().remove(0);
    let headers = ["anthropic-version", "x-api-key", "authorization", "content-type"];
    let headers: Vec<String> = headers
        .iter()
        .filter_map(|name| Some(format!("{name}: {}", seen.headers.get(*name)?)))
        .collect();
    (format!("{} {}\n{}", seen.method, seen.path, headers.join("\n")), seen.json())
}

/// One line for each field, and for each entry where the field is a list.
fn lines(body: &Value) -> String {
    let mut text = String::new();
    for (name, value) in body.as_object().unwrap() {
        let entries = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        entries.iter().for_each(|entry| text.push_str(&format!("{name}: {entry}\n")));
    }
    text
}

#[tokio::test]
async fn anthropic_is_asked_in_its_own_shape() {
    let (head, body) = asked(Kind::Anthropic).await;
    insta::assert_snapshot!(head, @r#"
    POST /v1/messages
    anthropic-version: 2023-06-01
    x-api-key: test-key
    content-type: application/json
    "#);
    insta::assert_snapshot!(lines(&body), @r#"
    max_tokens: 1000
    messages: {"content":[{"text":"What is this?","type":"text"},{"cache_control":{"type":"ephemeral"},"source":{"data":"aGk=","media_type":"image/png","type":"base64"},"type":"image"}],"role":"user"}
    messages: {"content":[{"text":"I'll note it.","type":"text"},{"id":"a_1","input":{"text":"x"},"name":"note","type":"tool_use"},{"id":"b","input":{"invalid_arguments":"not an object"},"name":"note","type":"tool_use"}],"role":"assistant"}
    messages: {"content":[{"content":"Noted.","is_error":false,"tool_use_id":"a_1","type":"tool_result"},{"content":"The arguments are not a JSON object.","is_error":true,"tool_use_id":"b","type":"tool_result"},{"cache_control":{"type":"ephemeral"},"text":"And hurry.","type":"text"}],"role":"user"}
    model: "m"
    stream: true
    system: {"cache_control":{"type":"ephemeral"},"text":"Be brief.","type":"text"}
    system: {"text":"It is Monday.","type":"text"}
    tools: {"cache_control":{"type":"ephemeral"},"description":"Writes a note.","input_schema":{"properties":{"text":{"type":"string"}},"type":"object"},"name":"note"}
    "#);
}

#[tokio::test]
async fn openai_is_asked_in_its_own_shape() {
    let (head, body) = asked(Kind::OpenAi).await;
    insta::assert_snapshot!(head, @r#"
    POST /v1/chat/completions
    authorization: Bearer test-key
    content-type: application/json
    "#);
    insta::assert_snapshot!(lines(&body), @r#"
    max_tokens: 1000
    messages: {"content":"Be brief.\n\nIt is Monday.","role":"system"}
    messages: {"content":[{"text":"What is this?","type":"text"},{"image_url":{"url":"data:image/png;base64,aGk="},"type":"image_url"}],"role":"user"}
    messages: {"content":"I'll note it.","role":"assistant","tool_calls":[{"function":{"arguments":"{\"text\":\"x\"}","name":"note"},"id":"a.1","type":"function"},{"function":{"arguments":"{\"invalid_arguments\":\"not an object\"}","name":"note"},"id":"b","type":"function"}]}
    messages: {"content":"Noted.","role":"tool","tool_call_id":"a.1"}
    messages: {"content":"The arguments are not a JSON object.","role":"tool","tool_call_id":"b"}
    messages: {"content":"And hurry.","role":"user"}
    model: "m"
    stream: true
    stream_options: {"include_usage":true}
    tools: {"function":{"description":"Writes a note.","name":"note","parameters":{"properties":{"text":{"type":"string"}},"type":"object"}},"type":"function"}
    "#);
}

#[tokio::test]
async fn tools_without_reasoning_are_learnt_from_the_refusal() {
    let server = ModelServer::start().await;
    let model = server.models(Kind::OpenAi).open("p:m").unwrap();
    let refusal = "Function tools with reasoning_effort are not supported for m in \
        /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.";
    server.answer(Answer::json(400, &json!({ "error": { "message": refusal } })));
    server.always(Answer::openai_text("hi"));
    for _ in 0..2 {
        collect(&model, conversation()).await.unwrap();
    }
    let efforts: Vec<Value> =
        server.requests().iter().map(|seen| seen.json()["reasoning_effort"].clone()).collect();
    assert_eq!(efforts, [json!(null), json!("none"), json!("none")]);

    // A model that won't have it either way is refused in the server's own words.
    server.always(Answer::json(400, &json!({ "error": { "message": refusal } })));
    let other = server.models(Kind::OpenAi).open("p:other").unwrap();
    let err = collect(&other, conversation()).await.unwrap_err();
    assert!(err.to_string().contains("use /v1/responses"), "{err}");
    assert_eq!(server.requests().len(), 5);
}
