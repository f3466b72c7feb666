//! Asking again: after 429, 5xx and broken connections, a few times, ever later, and never once
//! anything of the answer was passed on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::{ModelError, Pause};

pub const ATTEMPTS_MAX: u32 = 4;
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(8);
/// A server that wants a longer pause than this gets no second try: the person is told instead.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);
/// A shorter pause is over before anybody has read of it.
const TOLD_FROM: Duration = Duration::from_secs(2);

/// How pauses pass.
#[derive(Debug, Clone, Default)]
pub enum Pauses {
    #[default]
    Slept,
    /// Over at once, and written down: for tests.
    Noted(Arc<Mutex<Vec<Duration>>>),
}

impl Pauses {
    async fn pass(&self, pause: Duration) {
        match self {
            Pauses::Slept => tokio::time::sleep(pause).await,
            Pauses::Noted(list) => {
                list.lock().expect("nobody panics while holding the list").push(pause);
            }
        }
    }
}

/// A call that failed before anything of its answer was passed on.
#[derive(Debug)]
pub(super) struct Failure {
    error: ModelError,
    again: bool,
    /// The pause that the server asked for.
    retry_after: Option<Duration>,
    /// The server takes tools only from a call that forgoes reasoning.
    pub forgo_reasoning: bool,
}

impl Failure {
    /// Trying again can't help.
    pub fn last(error: ModelError) -> Failure {
        Failure { error, again: false, retry_after: None, forgo_reasoning: false }
    }

    pub fn passing(error: ModelError, retry_after: Option<Duration>) -> Failure {
        Failure { error, again: true, retry_after, forgo_reasoning: false }
    }

    pub fn into_error(self) -> ModelError {
        self.error
    }
}

/// Counts the tries of one call.
pub(super) struct Tries {
    failed: u32,
    pauses: Pauses,
}

impl Tries {
    pub fn new(pauses: &Pauses) -> Tries {
        Tries { failed: 0, pauses: pauses.clone() }
    }

    /// Waits as long as is right before the next try, or returns the error if there is none.
    pub async fn again(&mut self, failure: Failure) -> Result<(), ModelError> {
        let pause = self.next(failure)?;
        self.pass(pause).await;
        Ok(())
    }

    /// How long to wait before the next try, or the error if there is none.
    pub fn next(&mut self, failure: Failure) -> Result<Duration, ModelError> {
        self.failed += 1;
        let too_late = failure.retry_after.is_some_and(|pause| pause > RETRY_AFTER_MAX);
        if !failure.again || too_late || self.failed >= ATTEMPTS_MAX {
            return Err(failure.error);
        }
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        Ok(failure.retry_after.unwrap_or_else(|| backoff(self.failed, random)))
    }

    pub async fn pass(&self, pause: Duration) {
        self.pauses.pass(pause).await;
    }
}

/// What is said of a pause to whoever waits for the answer; none: it is too short.
pub(super) fn told(provider: &str, pause: Duration, now: Timestamp) -> Option<Pause> {
    let seconds = pause.as_secs();
    let until = now.saturating_add(pause).unwrap_or(now);
    let pause = Pause { provider: provider.to_owned(), seconds, until };
    (TOLD_FROM.as_secs() <= seconds).then_some(pause)
}

/// Between half of a span that doubles with each failure and the whole of it.
fn backoff(failed: u32, random: u32) -> Duration {
    let span = (BACKOFF_FIRST * 2u32.saturating_pow(failed - 1)).min(BACKOFF_MAX);
    span / 2 + (span / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// Reads a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3).
pub(in crate::outside) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let read = |header| retry_after(header, now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Mon, 23 Nov 2026 06:00:12 GMT"), Some(Duration::from_secs(12)));
        assert_eq!(read("Mon, 23 Nov 2026 05:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-3"), None);
    }

    #[test]
    fn pauses_double_with_jitter_up_to_a_limit() {
        assert_eq!(backoff(1, 0), BACKOFF_FIRST / 2);
        assert_eq!(backoff(1, u32::MAX), BACKOFF_FIRST);
        assert_eq!(backoff(3, u32::MAX), BACKOFF_FIRST * 4);
        assert_eq!(backoff(99, u32::MAX), BACKOFF_MAX);
    }
}
