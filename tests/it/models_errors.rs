//! When a provider fails: what is tried again, what the person reads, and what is never shown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use steward::clock::Clock;
use steward::error::Error;
use steward::outside::model::retry::{ATTEMPTS_MAX, Pauses};
use steward::outside::model::{Delta, Kind, ModelError, Models, StopReason};
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::models_wire::{KINDS, ask, collect, request, split_before, user};

const KEY: &str = "sk-canary-4711";

pub struct Peer {
    pub server: ModelServer,
    pub models: Models,
    pauses: Arc<Mutex<Vec<Duration>>>,
}

impl Peer {
    pub async fn start(kind: Kind) -> Peer {
        let server = ModelServer::start().await.with_list();
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let now = "2026-11-23T06:00:00Z".parse().unwrap();
        let clock = Clock::Set(Arc::new(Mutex::new(now)));
        let providers = vec![server.provider(kind, KEY)];
        let models = Models::paced(providers, clock, Pauses::Noted(pauses.clone()));
        Peer { server, models, pauses }
    }

    async fn ask(&self) -> Result<Vec<Delta>, ModelError> {
        collect(&self.models.open("p:m").unwrap(), request(vec![user("Hello")])).await
    }

    fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }
}

pub fn error(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

#[tokio::test]
async fn overload_is_tried_again_with_growing_pauses() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        for status in [503, 529, 500] {
            peer.server.answer(Answer::json(status, &error("overloaded_error", "Overloaded")));
        }
        peer.server.answer(Answer::of(kind, &[Say::Text("hi")]));
        let deltas = peer.ask().await.unwrap();
        assert!(deltas.contains(&Delta::Text("hi".to_owned())));
        let pauses = peer.pauses();
        assert_eq!(pauses.len(), 3);
        for (pause, least) in pauses.iter().zip([250, 500, 1_000]) {
            let least = Duration::from_millis(least);
            assert!((least..=least * 2).contains(pause), "{pauses:?}");
        }
        let bodies: Vec<_> = peer.server.requests().into_iter().map(|seen| seen.body).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "the same is asked again");
    }
}

#[tokio::test]
async fn retry_after_is_honoured_in_seconds_and_as_a_date() {
    let peer = Peer::start(Kind::Anthropic).await;
    let busy = Answer::json(429, &error("rate_limit_error", "Slow down"));
    peer.server.answer(busy.clone().header("retry-after", "7"));
    peer.server.answer(busy.header("Retry-After", "Mon, 23 Nov 2026 06:00:12 GMT"));
    peer.server.answer(Answer::anthropic_text("hi"));
    let deltas = peer.ask().await.unwrap();
    assert_eq!(peer.pauses(), [Duration::from_secs(7), Duration::from_secs(12)]);
    let told: Vec<String> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Pause(it) => Some(format!("{} {} {}", it.provider, it.seconds, it.until)),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["p 7 2026-11-23T06:00:07Z", "p 12 2026-11-23T06:00:12Z"]);
}

#[tokio::test]
async fn a_long_retry_after_is_told_and_not_waited_for() {
    let peer = Peer::start(Kind::OpenAi).await;
    peer.server.answer(Answer::status(429, "").header("retry-after", "3600"));
    let err = peer.ask().await.unwrap_err();
    assert_eq!(err.to_string(), "p is limiting requests. Try again in 60 minutes.");
    assert_eq!((peer.pauses().len(), peer.server.requests().len()), (0, 1));
}

#[tokio::test]
async fn tries_come_to_an_end() {
    let peer = Peer::start(Kind::OpenAi).await;
    peer.server.always(Answer::status(502, "<html>bad gateway</html>"));
    let err = peer.ask().await.unwrap_err();
    assert_eq!(err.to_string(), "p can't be reached or is overloaded: status 502");
    assert_eq!(peer.server.requests().len(), ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again_and_named() {
    let peer = Peer::start(Kind::OpenAi).await;
    let model = peer.models.open("p:m").unwrap();
    drop(peer.server);
    let err = collect(&model, request(vec![user("Hello")])).await.unwrap_err();
    let ModelError::Away { provider, reason, answered: None } = err else { panic!("{err}") };
    assert_eq!(provider, "p");
    assert!(reason.starts_with("no connection ("), "{reason}");
    assert_eq!(peer.pauses.lock().unwrap().len(), ATTEMPTS_MAX as usize - 1);
}

#[tokio::test]
async fn an_error_before_the_first_word_is_tried_again() {
    let peer = Peer::start(Kind::Anthropic).await;
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9}}}\n\n";
    let failed = format!("event: error\ndata: {}\n\n", error("overloaded_error", "Overloaded"));
    peer.server.answer(Answer::stream().then(start).then(&failed));
    peer.server.answer(Answer::stream().then(start).cut());
    peer.server.answer(Answer::anthropic_text("hi"));
    let deltas = peer.ask().await.unwrap();
    assert!(deltas.contains(&Delta::Text("hi".to_owned())));
    assert_eq!(peer.server.requests().len(), 3);
}

#[tokio::test]
async fn an_error_after_the_first_word_is_told_and_not_tried_again() {
    let overloaded = error("overloaded_error", "Overloaded");
    let mut router = json!({ "id": "x", "choices": [{ "index": 0, "finish_reason": "error" }] });
    router["error"] = json!({ "code": 502, "message": "Provider disconnected" });
    for (kind, event, expected) in [
        (Kind::Anthropic, overloaded, "p can't be reached or is overloaded: Overloaded"),
        (Kind::OpenAi, router, "p can't be reached or is overloaded: Provider disconnected"),
    ] {
        let peer = Peer::start(kind).await;
        let body = Answer::of(kind, &[Say::Text("first second")]).body();
        let begin = split_before(&body, "second").0;
        peer.server.answer(Answer::stream().then(begin).then(format!("data: {event}\n\n")));
        let mut stream = peer.models.open("p:m").unwrap().stream(request(vec![user("Hi")]));
        let mut seen = Vec::new();
        let err = loop {
            match stream.next().await.unwrap() {
                Ok(delta) => seen.push(delta),
                Err(err) => break err,
            }
        };
        assert!(seen.contains(&Delta::Text("first ".to_owned())));
        assert_eq!(err.to_string(), expected);
        assert_eq!(stream.next().await, None);
        assert_eq!((peer.pauses().len(), peer.server.requests().len()), (0, 1));
    }
}

#[tokio::test]
async fn a_connection_cut_anywhere_is_a_cut_and_never_a_short_answer() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        let answer = Answer::of(kind, &[Say::Text("one two"), Say::Call("note", json!({}))]);
        let body = answer.body();
        let find =
            |needle: &[u8]| body.windows(needle.len()).position(|window| window == needle).unwrap();
        // From behind the first word to the event that says how the answer stopped.
        let stop: &[u8] =
            if kind == Kind::Anthropic { b"\"stop_reason\":\"t" } else { b":\"tool_calls\"" };
        for at in (split_before(&body, "two").0.len()..find(stop)).step_by(7) {
            peer.server.answer(answer.clone().cut_after(at));
            let err = peer.ask().await.unwrap_err();
            assert_eq!(err, ModelError::Cut { provider: "p".to_owned() }, "{kind:?} at {at}");
            let ended = Answer::stream().then(&body[..at]);
            peer.server.answer(ended);
            let err = peer.ask().await.unwrap_err();
            assert_eq!(err, ModelError::Cut { provider: "p".to_owned() }, "{kind:?} at {at}");
        }
        assert_eq!(peer.pauses().len(), 0);
    }
}

/// What the person reads of each answer, and that it was asked for once.
async fn sentences(cases: Vec<(Kind, u16, Value)>) -> String {
    let mut sentences = String::new();
    for (kind, status, body) in cases {
        let peer = Peer::start(kind).await;
        peer.server.always(Answer::json(status, &body));
        let err = peer.ask().await.unwrap_err();
        sentences.push_str(&format!("{status} {err}\n"));
        assert_eq!(peer.server.requests().len(), 1, "{err}");
    }
    sentences
}

#[tokio::test]
async fn each_refusal_is_one_clear_sentence() {
    let said = |message: &str| json!({ "error": { "message": message } });
    let quota =
        json!({ "error": { "code": "insufficient_quota", "message": "You exceeded your quota" } });
    let cases = vec![
        (Kind::Anthropic, 401, error("authentication_error", "invalid x-api-key")),
        (Kind::OpenAi, 403, json!({ "error": "forbidden" })),
        (Kind::OpenAi, 403, said("Country, region, or territory not supported")),
        (Kind::OpenAi, 404, json!({ "error": "model 'm' not found" })),
        (Kind::OpenAi, 404, json!("404 page not found")),
        (Kind::OpenAi, 402, said("Insufficient credits")),
        (Kind::OpenAi, 429, quota.clone()),
        (Kind::OpenAi, 403, quota),
        (Kind::Anthropic, 400, error("invalid_request_error", "Your credit balance is too low")),
        (Kind::OpenAi, 422, json!({ "detail": "tools are not supported" })),
        (Kind::OpenAi, 301, json!({})),
    ];
    insta::assert_snapshot!(sentences(cases).await, @r#"
    401 p refused the key. Mend it in Models.
    403 p refused the key. Mend it in Models.
    403 p refused the request: Country, region, or territory not supported
    404 p refused the request: model 'm' not found
    404 p refused the request: there is no such address; the base URL must include its /v1
    402 p is out of credit or quota. Add some there, or choose another model in Models. It said: Insufficient credits
    429 p is out of credit or quota. Add some there, or choose another model in Models. It said: You exceeded your quota
    403 p is out of credit or quota. Add some there, or choose another model in Models. It said: You exceeded your quota
    400 p is out of credit or quota. Add some there, or choose another model in Models. It said: Your credit balance is too low
    422 p refused the request: tools are not supported
    301 p refused the request: it redirects to another address; mend the base URL
    "#);
}

#[tokio::test]
async fn a_too_long_conversation_is_known_in_every_spelling() {
    let long = "This model's maximum context length is 8192 tokens. However, you requested 9000.";
    let llama = "the request exceeds the available context size";
    let cases = vec![
        (Kind::Anthropic, 400, error("invalid_request_error", "prompt is too long: 9 tokens > 8")),
        (Kind::Anthropic, 413, error("request_too_large", "Request exceeds the maximum size")),
        (
            Kind::OpenAi,
            400,
            json!({ "error": { "message": long, "code": "context_length_exceeded" } }),
        ),
        (
            Kind::OpenAi,
            400,
            json!({ "object": "error", "message": long, "type": "BadRequestError" }),
        ),
        (
            Kind::OpenAi,
            400,
            json!({ "error": { "type": "exceed_context_size_error", "message": llama } }),
        ),
        (Kind::OpenAi, 500, json!({ "error": { "code": 500, "message": llama } })),
    ];
    for sentence in sentences(cases).await.lines() {
        assert!(sentence.ends_with(" The conversation is too long for this model."), "{sentence}");
    }
}

#[tokio::test]
async fn what_is_not_the_protocol_is_called_so() {
    let cases = [
        ("event that is no JSON", Answer::stream().then("data: {\"choices\": [}\n\n")),
        (
            "web page",
            Answer::status(200, "<html>Welcome to the router</html>")
                .header("content-type", "text/html"),
        ),
        (
            "JSON that is cut",
            Answer::status(200, "{\"choi").header("content-type", "application/json"),
        ),
        ("line without end", Answer::stream().then("data: ").then("x".repeat((4 << 20) + 1))),
    ];
    let mut sentences = String::new();
    for (what, answer) in cases {
        let peer = Peer::start(Kind::OpenAi).await;
        peer.server.always(answer);
        let err = peer.ask().await.unwrap_err();
        sentences.push_str(&format!("{what}: {err}\n"));
        assert_eq!(peer.server.requests().len(), 1, "{err}");
    }
    insta::assert_snapshot!(sentences, @r#"
    event that is no JSON: p sent something that is not its protocol: an event is not JSON (expected value at line 1 column 14): {"choices": [}
    web page: p sent something that is not its protocol: text/html instead of events; look at the base URL
    JSON that is cut: p sent something that is not its protocol: an event is not JSON (EOF while parsing a string at line 1 column 6): {"choi
    line without end: p sent something that is not its protocol: a line of more than 4194304 bytes
    "#);
}

#[tokio::test]
async fn a_cut_after_the_answer_was_whole_takes_nothing_away() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        let body = Answer::of(kind, &[Say::Text("hi"), Say::Call("note", json!({}))]).body();
        let end = if kind == Kind::Anthropic { "event: message_stop" } else { "data: [DONE]" };
        let text = String::from_utf8(body).unwrap();
        peer.server.answer(Answer::stream().then(text.split(end).next().unwrap()).cut());
        let deltas = peer.ask().await.unwrap();
        assert_eq!(deltas.last(), Some(&Delta::Stop(StopReason::ToolUse)), "{kind:?}");
        assert!(deltas.iter().any(|delta| matches!(delta, Delta::ToolCall(_))));
        assert_eq!(peer.server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_the_key_stays_home() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        let elsewhere = ModelServer::start().await.with_list();
        let url = elsewhere.base_url(kind);
        peer.server.answer(Answer::status(307, "").header("location", url.as_str()));
        let err = peer.ask().await.unwrap_err();
        assert!(err.to_string().contains("mend the base URL"), "{err}");
        assert_eq!(elsewhere.connections(), 0);
    }
}

#[tokio::test]
async fn a_failure_in_the_old_llama_field_is_read() {
    let peer = Peer::start(Kind::OpenAi).await;
    let failure =
        json!({ "code": 400, "message": "the request exceeds the available context size" });
    peer.server.answer(Answer::stream().then(format!("error: {{\"error\":{failure}}}\n\n")));
    assert_eq!(peer.ask().await.unwrap_err(), ModelError::TooLong);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_named() {
    let server = ModelServer::start().await.with_list();
    let mut provider = server.provider(Kind::OpenAi, KEY);
    provider.base_url.set_scheme("https").unwrap_or_else(|()| panic!("a web address"));
    let pauses = Pauses::Noted(Arc::default());
    let models = Models::paced(vec![provider], Clock::System, pauses);
    let err = collect(&models.open("p:m").unwrap(), request(vec![user("Hi")])).await.unwrap_err();
    assert!(matches!(err, ModelError::Away { .. }), "{err}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn too_many_calls_in_one_answer_are_refused() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        let calls: Vec<Say<'_>> = (0..65).map(|_| Say::Call("note", json!({}))).collect();
        peer.server.always(Answer::of(kind, &calls));
        let err = peer.ask().await.unwrap_err();
        assert!(matches!(err, ModelError::Malformed { .. }), "{err}");
    }
}

#[tokio::test]
async fn the_key_is_sent_and_shown_nowhere() {
    for kind in KINDS {
        let peer = Peer::start(kind).await;
        for status in [400, 401, 403, 404, 409, 500] {
            let echo = format!("your key {KEY} and header Bearer {KEY}");
            peer.server.always(Answer::json(status, &json!({ "error": { "message": echo } })));
            let err = peer.ask().await.unwrap_err();
            let outer = Error::from(err.clone());
            assert!(!format!("{err} {err:?} {outer} {outer:?}").contains(KEY), "{status}: {err}");
        }
        peer.server.always(Answer::stream().then(format!("data: {KEY}\n\n")));
        let err = peer.ask().await.unwrap_err();
        assert!(!format!("{err} {err:?}").contains(KEY), "{err}");
        let model = peer.models.open("p:m").unwrap();
        let providers: Vec<_> = peer.models.providers().collect();
        assert!(!format!("{model:?} {providers:?}").contains(KEY));
        let headers = format!("{:?}", peer.server.requests()[0].headers);
        assert_eq!(headers.matches(KEY).count(), 1, "{headers}");
    }
}

#[tokio::test]
async fn a_local_server_needs_no_key() {
    let server = ModelServer::start().await.with_list();
    server.answer(Answer::openai_text("hi"));
    let models = Models::new(vec![server.provider(Kind::OpenAi, "")], Clock::System);
    collect(&models.open("p:m").unwrap(), request(vec![user("Hi")])).await.unwrap();
    assert!(!server.requests()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_key_that_fits_no_header_is_a_wrong_key() {
    let server = ModelServer::start().await.with_list();
    let models = Models::new(vec![server.provider(Kind::OpenAi, "sk\nx")], Clock::System);
    let err = collect(&models.open("p:m").unwrap(), request(vec![user("Hi")])).await.unwrap_err();
    assert_eq!(err.to_string(), "p refused the key. Mend it in Models.");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_script_that_ran_out_is_no_silent_success() {
    let server = ModelServer::start().await.with_list();
    assert!(ask(&server, Kind::OpenAi).await.is_err());
}
