//! Both wires to real models, byte for byte: what is asked, what an answer becomes.

use futures_util::StreamExt;
use serde_json::{Value, json};
use steward::outside::model::{
    Delta, Kind, Message, Model, ModelError, Part, Request, Role, StopReason, ToolCallDelta, Usage,
};
use steward::testing::model_answers::{Answer, INPUT_TOKENS, OUTPUT_TOKENS, Say};
use steward::testing::model_server::{ModelServer, Signal};

pub const KINDS: [Kind; 2] = [Kind::Anthropic, Kind::OpenAi];

pub fn user(text: &str) -> Message {
    Message { role: Role::User, parts: vec![Part::Text(text.to_owned())] }
}

pub fn request(messages: Vec<Message>) -> Request {
    Request {
        system: "Be brief.".into(),
        system_tail: "It is Monday.".to_owned(),
        messages,
        tools: [].into(),
        may_call: true,
        output_tokens_max: 1_000,
        now: jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
        agents: [].into(),
    }
}

pub async fn collect(model: &Model, request: Request) -> Result<Vec<Delta>, ModelError> {
    let mut stream = model.stream(request);
    let mut deltas = Vec::new();
    while let Some(delta) = stream.next().await {
        deltas.push(delta?);
    }
    Ok(deltas)
}

pub async fn ask(server: &ModelServer, kind: Kind) -> Result<Vec<Delta>, ModelError> {
    collect(&server.models(kind).open("p:m").unwrap(), request(vec![user("Hello")])).await
}

/// The answer in short: its text, its calls, its last usage, how it stopped.
pub type Told = (String, Vec<(String, Result<Value, String>)>, Option<Usage>, Option<StopReason>);

pub fn told(deltas: Vec<Delta>) -> Told {
    let (mut text, mut calls, mut usage, mut stop) = (String::new(), Vec::new(), None, None);
    for delta in deltas {
        assert_eq!(stop, None, "nothing comes after the stop");
        match delta {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::ToolCall(ToolCallDelta { name, arguments, .. }) => calls.push((name, arguments)),
            Delta::Usage(told) => usage = Some(told),
            Delta::Stop(reason) => stop = Some(reason),
            Delta::Pause(pause) => panic!("nothing waits here: {pause:?}"),
        }
    }
    (text, calls, usage, stop)
}

fn ids(deltas: &[Delta]) -> Vec<String> {
    let ids = deltas.iter().filter_map(|delta| match delta {
        Delta::ToolCall(call) => Some(call.id.clone()),
        _ => None,
    });
    ids.collect()
}

const SAID: &str = "Grüße, 世界 😀 — said \"so\" \\ and\nso. ";

fn all_parts() -> Vec<Say<'static>> {
    vec![
        Say::Text(SAID),
        Say::Call("note", json!({ "text": "Kessel geprüft 😀 \"}{" })),
        Say::Call("remind", json!({ "at": "2026-11-24T09:00:00Z", "who": [1, { "a": null }] })),
    ]
}

fn all_told() -> Told {
    let usage =
        Usage { input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS, ..Usage::default() };
    let calls = vec![
        ("note".to_owned(), Ok(json!({ "text": "Kessel geprüft 😀 \"}{" }))),
        (
            "remind".to_owned(),
            Ok(json!({ "at": "2026-11-24T09:00:00Z", "who": [1, { "a": null }] })),
        ),
    ];
    (SAID.to_owned(), calls, Some(usage), Some(StopReason::ToolUse))
}

#[tokio::test]
async fn text_parallel_calls_usage_and_stop_arrive_on_both_wires() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        server.answer(Answer::of(kind, &all_parts()));
        let deltas = ask(&server, kind).await.unwrap();
        let ids = ids(&deltas);
        assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
        assert_eq!(told(deltas), all_told(), "{kind:?}");
    }
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_the_same_answer() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        for size in [1, 2, 3, 7] {
            server.answer(Answer::of(kind, &all_parts()).in_pieces_of(size));
            assert_eq!(told(ask(&server, kind).await.unwrap()), all_told(), "{kind:?} {size}");
        }
    }
}

#[tokio::test]
async fn a_border_at_any_byte_changes_nothing() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let model = server.models(kind).open("p:m").unwrap();
        let answer = Answer::of(kind, &[Say::Text("é😀"), Say::Call("note", json!({ "é": "\n" }))]);
        let whole = {
            server.answer(answer.clone());
            told(collect(&model, request(vec![user("Hello")])).await.unwrap())
        };
        assert_eq!(whole.0, "é😀");
        for at in 1..answer.body().len() {
            server.answer(answer.clone().cut_in_two_at(at));
            let deltas = collect(&model, request(vec![user("Hello")])).await.unwrap();
            assert_eq!(told(deltas), whole, "{kind:?}, border at {at}");
        }
        assert_eq!(server.connections(), 1, "one connection serves all calls");
    }
}

#[tokio::test]
async fn keep_alives_and_any_line_ending_change_nothing() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let body = String::from_utf8(Answer::of(kind, &all_parts()).body()).unwrap();
        for ending in ["\r\n", "\r"] {
            let noisy = body.replace("\n\n", "\n\n: keep-alive\n\n").replace('\n', ending);
            server.answer(Answer::stream().then(format!("\u{feff}: hello{ending}{ending}{noisy}")));
            assert_eq!(told(ask(&server, kind).await.unwrap()), all_told(), "{kind:?} {ending:?}");
        }
    }
}

/// The body's beginning up to the event that holds `needle`, and the rest.
pub fn split_before<'a>(body: &'a [u8], needle: &str) -> (&'a [u8], &'a [u8]) {
    let text = std::str::from_utf8(body).unwrap();
    let at = text[..text.find(needle).unwrap()].rfind("\n\n").unwrap() + 2;
    body.split_at(at)
}

#[tokio::test]
async fn text_is_passed_on_before_the_answer_goes_on() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let body = Answer::of(kind, &[Say::Text("first second")]).body();
        let (begin, rest) = split_before(&body, "second");
        let go_on = Signal::default();
        server.answer(Answer::stream().then(begin).wait(&go_on).then(rest));
        let mut stream = server.models(kind).open("p:m").unwrap().stream(request(vec![user("Hi")]));
        let mut seen = Vec::new();
        while !seen.contains(&Delta::Text("first ".to_owned())) {
            seen.push(stream.next().await.unwrap().unwrap());
        }
        go_on.give();
        let rest: Vec<_> = stream.map(Result::unwrap).collect().await;
        assert_eq!(told(rest).0, "second", "{kind:?}");
    }
}

#[tokio::test]
async fn dropping_the_stream_hangs_up() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let body = Answer::of(kind, &[Say::Text("first second")]).body();
        let never = Signal::default();
        server.answer(Answer::stream().then(split_before(&body, "second").0).wait(&never));
        let mut stream = server.models(kind).open("p:m").unwrap().stream(request(vec![user("Hi")]));
        stream.next().await.unwrap().unwrap();
        drop(stream);
        server.hung_up(1).await;
    }
}

#[tokio::test]
async fn dropping_the_stream_before_the_answer_began_hangs_up() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        let never = Signal::default();
        server.answer(Answer::stream().wait(&never));
        let mut stream = server.models(kind).open("p:m").unwrap().stream(request(vec![user("Hi")]));
        tokio::select! {
            _ = stream.next() => panic!("nothing was answered"),
            () = server.asked(1) => {}
        }
        drop(stream);
        server.hung_up(1).await;
    }
}

#[tokio::test]
async fn nothing_is_asked_before_the_stream_is_polled() {
    let server = ModelServer::start().await;
    drop(server.models(Kind::OpenAi).open("p:m").unwrap().stream(request(vec![user("Hi")])));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_thousand_words_at_once_arrive_in_order() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        server.always(Answer::burst(kind, 1_000));
        for _ in 0..2 {
            let (text, _, usage, stop) = told(ask(&server, kind).await.unwrap());
            let words: Vec<String> = (0..1_000).map(|at| format!("word{at}")).collect();
            assert_eq!(text.split_whitespace().collect::<Vec<_>>(), words);
            assert_eq!(usage.map(|usage| usage.output_tokens), Some(OUTPUT_TOKENS));
            assert_eq!(stop, Some(StopReason::EndTurn));
        }
    }
}

#[tokio::test]
async fn arguments_that_are_no_json_come_out_raw() {
    for (kind, old, new) in [
        (Kind::Anthropic, r#""partial_json":"{"#, r#""partial_json":"{{"#),
        (Kind::OpenAi, r#""arguments":"{"#, r#""arguments":"{{"#),
    ] {
        let server = ModelServer::start().await;
        let body = Answer::of(kind, &[Say::Call("note", json!({ "a": 1 }))]).body();
        let body = String::from_utf8(body).unwrap().replace(old, new);
        server.answer(Answer::stream().then(body));
        let (_, calls, _, stop) = told(ask(&server, kind).await.unwrap());
        assert_eq!(calls, [("note".to_owned(), Err(r#"{{"a":1}"#.to_owned()))], "{kind:?}");
        assert_eq!(stop, Some(StopReason::ToolUse));
    }
}

#[tokio::test]
async fn cached_tokens_are_part_of_the_input() {
    let server = ModelServer::start().await;
    let anthropic = String::from_utf8(Answer::anthropic_text("hi").body()).unwrap();
    server.answer(
        Answer::stream().then(
            anthropic
                .replace(r#""cache_read_input_tokens":0"#, r#""cache_read_input_tokens":700"#)
                .replace(
                    r#""cache_creation_input_tokens":0"#,
                    r#""cache_creation_input_tokens":50"#,
                ),
        ),
    );
    let (.., usage, _) = told(ask(&server, Kind::Anthropic).await.unwrap());
    let expected = Usage {
        input_tokens: INPUT_TOKENS + 750,
        output_tokens: OUTPUT_TOKENS,
        cached_tokens: 700,
        cache_write_tokens: 50,
    };
    assert_eq!(usage, Some(expected));

    let openai = String::from_utf8(Answer::openai_text("hi").body()).unwrap();
    let openai = openai.replace(r#""cached_tokens":0"#, r#""cached_tokens":64"#);
    server.answer(Answer::stream().then(openai));
    let (.., usage, _) = told(ask(&server, Kind::OpenAi).await.unwrap());
    let expected = Usage { input_tokens: INPUT_TOKENS, cached_tokens: 64, ..expected };
    assert_eq!(usage, Some(Usage { cache_write_tokens: 0, ..expected }));
}

#[tokio::test]
async fn each_way_to_stop_is_told() {
    for (kind, word, expected) in [
        (Kind::Anthropic, "max_tokens", StopReason::OutputLimit),
        (Kind::Anthropic, "model_context_window_exceeded", StopReason::OutputLimit),
        (Kind::Anthropic, "refusal", StopReason::Refused),
        (Kind::Anthropic, "stop_sequence", StopReason::EndTurn),
        (Kind::OpenAi, "length", StopReason::OutputLimit),
        (Kind::OpenAi, "content_filter", StopReason::Refused),
    ] {
        let server = ModelServer::start().await;
        let body = String::from_utf8(Answer::of(kind, &[Say::Text("hi")]).body()).unwrap();
        let usual = if kind == Kind::Anthropic { "\"end_turn\"" } else { "\"stop\"" };
        server.answer(Answer::stream().then(body.replace(usual, &format!("\"{word}\""))));
        assert_eq!(told(ask(&server, kind).await.unwrap()).3, Some(expected), "{word}");
    }
}
