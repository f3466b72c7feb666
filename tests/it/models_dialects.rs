//! What servers of the OpenAI wire are known to do differently, and what their answers become.

use serde_json::{Value, json};
use steward::outside::model::{Delta, Kind, StopReason};
use steward::testing::model_answers::{Answer, event, openai_chunk};
use steward::testing::model_server::ModelServer;

use crate::models_wire::{ask, told};

fn text(text: &str) -> String {
    openai_chunk(&json!({ "content": text }), None)
}

fn stop(word: &str) -> String {
    openai_chunk(&json!({}), Some(word))
}

/// A piece of a call of `note`: whatever of index and id the server sends, and the arguments.
fn call(mut head: Value, arguments: &Value) -> String {
    head["function"] = json!({ "name": "note", "arguments": arguments });
    openai_chunk(&json!({ "tool_calls": [head] }), None)
}

/// A later piece, with nothing but its index.
fn more(index: u64, arguments: &str) -> String {
    let piece = json!({ "index": index, "function": { "arguments": arguments } });
    openai_chunk(&json!({ "tool_calls": [piece] }), None)
}

#[tokio::test]
async fn text_is_understood_however_it_is_dressed() {
    let reasoning = json!({ "reasoning_content": "hm", "content": null });
    let parts = json!({ "content": [{ "type": "text", "text": "hi" }] });
    let no_usage = event(Kind::OpenAi, &json!({ "choices": [], "usage": null }));
    let server = ModelServer::start().await;
    for (what, body) in [
        ("end mark missing", text("hi") + &stop("stop")),
        ("reason missing", text("hi") + "data: [DONE]\n\n"),
        ("last line unfinished", text("hi") + "data: [DONE]"),
        ("usage null", text("hi") + &stop("stop") + &no_usage),
        ("reasoning", openai_chunk(&reasoning, None) + &text("hi") + &stop("stop")),
        ("content as parts", openai_chunk(&parts, None) + &stop("stop")),
        ("comments and an empty event", format!(": x\n\n{}{}", text("hi"), stop("stop"))),
    ] {
        server.answer(Answer::stream().then(body));
        let (text, calls, usage, stop) = told(ask(&server, Kind::OpenAi).await.unwrap());
        let expected = ("hi", 0, None, Some(StopReason::EndTurn));
        assert_eq!((&*text, calls.len(), usage, stop), expected, "{what}");
    }
}

#[tokio::test]
async fn parallel_calls_are_told_apart_however_they_are_numbered() {
    let (one, two) = (json!("{\"a\":1}"), json!("{\"a\":2}"));
    let half = json!("{\"a\"");
    let server = ModelServer::start().await;
    for (what, body) in [
        (
            "no ids, all of index 0",
            call(json!({ "index": 0 }), &one) + &call(json!({ "index": 0 }), &two),
        ),
        ("neither ids nor index", call(json!({}), &one) + &call(json!({}), &two)),
        (
            "arguments as an object",
            call(json!({ "id": "x" }), &json!({ "a": 1 }))
                + &call(json!({ "id": "y" }), &json!({ "a": 2 })),
        ),
        (
            "same index, different ids",
            call(json!({ "index": 0, "id": "x" }), &one)
                + &call(json!({ "index": 0, "id": "y" }), &two),
        ),
        (
            "same id, different index",
            call(json!({ "index": 0, "id": "x" }), &one)
                + &call(json!({ "index": 1, "id": "x" }), &two),
        ),
        (
            "id and name again with every piece",
            call(json!({ "index": 0, "id": "x" }), &half)
                + &call(json!({ "index": 0, "id": "x" }), &json!(":1}"))
                + &call(json!({ "index": 1, "id": "y" }), &two),
        ),
        (
            "woven into each other",
            call(json!({ "index": 0, "id": "x" }), &half)
                + &call(json!({ "index": 1, "id": "y" }), &half)
                + &more(0, ":1}")
                + &more(1, ":2}"),
        ),
    ] {
        // "stop" after calls is a dialect of its own.
        server.answer(Answer::stream().then(body + &stop("stop")));
        let deltas = ask(&server, Kind::OpenAi).await.unwrap();
        let ids: Vec<_> = deltas
            .iter()
            .filter_map(|delta| match delta {
                Delta::ToolCall(call) => Some(call.id.clone()),
                _ => None,
            })
            .collect();
        assert!(ids.len() == 2 && !ids.contains(&String::new()) && ids[0] != ids[1], "{what}");
        let (_, calls, _, stop) = told(deltas);
        let note = |a: u64| ("note".to_owned(), Ok(json!({ "a": a })));
        assert_eq!((calls, stop), (vec![note(1), note(2)], Some(StopReason::ToolUse)), "{what}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let server = ModelServer::start().await;
    let message = json!({ "role": "assistant", "content": "hi" });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    let usage = json!({ "prompt_tokens": 3, "completion_tokens": 1 });
    server.answer(Answer::json(200, &json!({ "choices": [choice], "usage": usage })));
    let (text, _, usage, stop) = told(ask(&server, Kind::OpenAi).await.unwrap());
    assert_eq!((&*text, stop), ("hi", Some(StopReason::EndTurn)));
    assert_eq!(usage.map(|usage| usage.input_tokens), Some(3));
}
