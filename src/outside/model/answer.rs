//! One answer of a provider: its bytes read as events, its events as deltas, up to its end.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;

use super::http::{Call, Http, Patience, no_answer_for};
use super::provider::Provider;
use super::refusal;
use super::retry::{self, Failure, Tries};
use super::sse::{Event, Parser};
use super::{Delta, DeltaStream, ModelError, StopReason};

/// Of one answer, framing and keep-alives included.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How long a finished answer may still owe its usage or its end mark.
const TRAILER_WAIT: Duration = Duration::from_secs(2);
/// Keeps the line open as a comment does, though it is an event.
const PING: &str = "ping";
/// How long a connection may take to become free for the next call.
const DRAIN_WAIT: Duration = Duration::from_millis(50);

/// Reads one wire's events. It keeps what arrives in pieces until it is whole.
pub(super) trait Reader: Send + 'static {
    /// Adds the deltas that the event completes.
    fn read(&mut self, event: &Event, deltas: &mut Vec<Delta>) -> Result<(), Failure>;

    /// The answer is complete, though usage or the end mark may still follow.
    fn whole(&self) -> Option<StopReason>;

    /// The end mark came.
    fn ended(&self) -> bool;

    /// Adds what was kept until the answer was complete.
    fn close(&mut self, deltas: &mut Vec<Delta>);
}

/// Asks, again where that is right, and streams what comes.
pub(super) fn stream<R: Reader>(
    http: Arc<Http>,
    provider: Arc<Provider>,
    call: Result<Call, ModelError>,
    reader: impl Fn(Arc<Provider>) -> R + Send + Sync + 'static,
) -> DeltaStream {
    Box::pin(async_stream::try_stream! {
        let mut call = call?;
        let mut tries = Tries::new(&http.pauses);
        let (mut answer, mut deltas) = loop {
            match begin(&http, &provider, &call, reader(provider.clone())).await {
                Ok(begun) => break begun,
                Err(failure) if failure.forgo_reasoning && http.forgo_reasoning(&mut call) => {}
                Err(failure) => {
                    let pause = tries.next(failure)?;
                    if let Some(told) = retry::told(&provider.name, pause, http.clock.now()) {
                        yield Delta::Pause(told);
                    }
                    tries.pass(pause).await;
                }
            }
        };
        loop {
            if deltas.is_empty() {
                break;
            }
            for delta in deltas {
                yield delta;
            }
            deltas = answer.more().await.map_err(Failure::into_error)?;
        }
        answer.drain().await;
    })
}

/// Sends the call and reads up to the first delta that a person would see.
async fn begin<R: Reader>(
    http: &Http,
    provider: &Arc<Provider>,
    call: &Call,
    reader: R,
) -> Result<(Answer<R>, Vec<Delta>), Failure> {
    let response = http.send(provider, call).await?;
    let mut answer = Answer::new(provider.clone(), response, reader, http.patience);
    let mut first = Vec::new();
    loop {
        let more = answer.more().await?;
        let seen = more.is_empty() || more.iter().any(|delta| !matches!(delta, Delta::Usage(_)));
        first.extend(more);
        if seen {
            return Ok((answer, first));
        }
    }
}

struct Answer<R> {
    provider: Arc<Provider>,
    response: Response,
    parser: Parser,
    reader: R,
    /// The whole body, where a server answers with plain JSON instead of events.
    json: Option<Vec<u8>>,
    bytes: usize,
    events_seen: bool,
    patience: Patience,
    /// How long was waited since something came that belongs to the answer.
    stalled: Duration,
    over: bool,
    /// What went wrong after deltas that are still to be passed on.
    failed: Option<Failure>,
}

impl<R: Reader> Answer<R> {
    fn new(
        provider: Arc<Provider>,
        response: Response,
        reader: R,
        patience: Patience,
    ) -> Answer<R> {
        let json = content_type(&response).starts_with("application/json").then(Vec::new);
        Answer {
            provider,
            response,
            parser: Parser::default(),
            reader,
            json,
            bytes: 0,
            events_seen: false,
            patience,
            stalled: Duration::ZERO,
            over: false,
            failed: None,
        }
    }

    /// The next deltas, as soon as there are any; none at the end of a complete answer.
    async fn more(&mut self) -> Result<Vec<Delta>, Failure> {
        let mut deltas = Vec::new();
        while deltas.is_empty() && !self.over {
            if let Some(failure) = self.failed.take() {
                self.over = true;
                return Err(failure);
            }
            self.failed = self.step(&mut deltas).await.err();
        }
        Ok(deltas)
    }

    async fn step(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        let whole = self.reader.whole().is_some();
        let stall = if whole { TRAILER_WAIT } else { self.patience.stall };
        let wait = self.patience.silence.min(stall.saturating_sub(self.stalled));
        let begun = Instant::now();
        let chunk = tokio::time::timeout(wait, self.response.chunk()).await;
        self.stalled += begun.elapsed();
        match chunk {
            Ok(Ok(Some(bytes))) => self.take(&bytes, deltas)?,
            Ok(Ok(None)) => {
                self.take_rest(deltas)?;
                return self.end(deltas);
            }
            _ if whole => return self.end(deltas),
            Ok(Err(_)) => return Err(Failure::passing(self.provider.cut(), None)),
            Err(_) => {
                let waited = no_answer_for(self.stalled.max(wait));
                return Err(Failure::last(self.provider.away(&waited)));
            }
        }
        if self.reader.ended() { self.end(deltas) } else { Ok(()) }
    }

    fn take(&mut self, bytes: &[u8], deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        self.bytes += bytes.len();
        if self.bytes > ANSWER_BYTES_MAX {
            return Err(Failure::last(self.provider.malformed("an answer without end")));
        }
        if let Some(json) = &mut self.json {
            json.extend_from_slice(bytes);
            return Ok(());
        }
        let mut events = Vec::new();
        let pushed = self.parser.push(bytes, &mut events);
        for event in &events {
            self.events_seen = true;
            if event.name != PING {
                self.stalled = Duration::ZERO;
            }
            self.reader.read(event, deltas)?;
            if self.reader.ended() {
                return Ok(());
            }
        }
        pushed.map_err(|err| Failure::last(self.provider.malformed(&err.to_string())))
    }

    /// What was left when the bytes ended.
    fn take_rest(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        let rest = match self.json.take() {
            Some(json) => {
                let data = String::from_utf8_lossy(&json).into_owned();
                Some(Event { name: String::new(), data })
            }
            // Half an event is what a cut leaves behind, not a fault of the protocol.
            None => self.parser.finish().filter(|event| {
                event.data == "[DONE]"
                    || serde_json::from_str::<serde::de::IgnoredAny>(&event.data).is_ok()
            }),
        };
        if let Some(event) = rest {
            self.events_seen = true;
            self.reader.read(&event, deltas)?;
        }
        Ok(())
    }

    fn end(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        let Some(stop) = self.reader.whole() else {
            return Err(self.ended_early());
        };
        self.over = true;
        self.reader.close(deltas);
        deltas.push(Delta::Stop(stop));
        Ok(())
    }

    fn ended_early(&self) -> Failure {
        if self.events_seen || self.bytes == 0 {
            return Failure::passing(self.provider.cut(), None);
        }
        let kind = match content_type(&self.response) {
            "" => "something without a type",
            kind => kind,
        };
        let reason = format!("{kind} instead of events; look at the base URL");
        Failure::last(self.provider.malformed(&reason))
    }

    /// Reads the end of the body, so that the connection can be used again.
    async fn drain(mut self) {
        let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        let _ = tokio::time::timeout(DRAIN_WAIT, rest).await;
    }
}

fn content_type(response: &Response) -> &str {
    let header = response.headers().get(CONTENT_TYPE);
    header.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The event's JSON, or the failure that it is none.
pub(super) fn json(provider: &Provider, event: &Event) -> Result<serde_json::Value, Failure> {
    let json: serde_json::Value = serde_json::from_str(&event.data).map_err(|err| {
        let start: String = event.data.chars().take(80).collect();
        Failure::last(provider.malformed(&format!("an event is not JSON ({err}): {start}")))
    })?;
    match refusal::said(&json) {
        Some(said) => Err(refusal::mid_answer(provider, &said)),
        None => Ok(json),
    }
}
