//! So many requests a minute for each key; `limits.requests_per_minute`, 0 is no limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use crate::ids::TokenId;
use crate::web::caller::{Caller, Via};
use crate::web::door::Door;
use crate::web::error::{Failure, Refusal};

/// Of a key's count that a clock which ran ahead began further away than this, nothing is kept once
/// it is put right; of one begun nearer the count is, and its minute begins anew.
const WINDOW_S: i64 = 60;
/// Keys that are counted at once; past that, the windows that ended are forgotten.
const KEYS_MAX: usize = 1_024;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// Seconds until the count starts anew.
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How often each key was used in its current minute.
#[derive(Clone, Default)]
pub struct Counts(Arc<Mutex<HashMap<TokenId, Count>>>);

struct Count {
    began_at: i64,
    used: u32,
}

#[derive(Debug, PartialEq)]
struct Used {
    limit: u32,
    /// None: over the limit.
    remaining: Option<u32>,
    reset_s: i64,
}

impl Counts {
    fn count(&self, key: TokenId, limit: u32, now: Timestamp) -> Used {
        let now = now.as_second();
        let mut counts = self.0.lock().expect("nobody panics while counting");
        if KEYS_MAX <= counts.len() {
            counts.retain(|_, count| (now - count.began_at).abs() < WINDOW_S);
        }
        let count = counts.entry(key).or_insert(Count { began_at: now, used: 0 });
        if WINDOW_S <= (now - count.began_at).abs() {
            *count = Count { began_at: now, used: 0 };
        }
        count.began_at = count.began_at.min(now);
        count.used = count.used.saturating_add(1);
        let reset_s = count.began_at + WINDOW_S - now;
        Used { limit, remaining: limit.checked_sub(count.used), reset_s }
    }
}

pub async fn limit(State(door): State<Door>, request: Request, next: Next) -> Response {
    let limit = door.config.get().limits.requests_per_minute;
    let caller = request.extensions().get::<Caller>();
    let Some(Via::Token { id, .. }) = caller.map(|caller| &caller.via) else {
        return next.run(request).await;
    };
    if limit == 0 {
        return next.run(request).await;
    }
    let state = door.counts.count(*id, limit, door.clock.now());
    let mut response = match state.remaining {
        Some(_) => next.run(request).await,
        None => {
            let message = format!("This key was used more than {limit} times in a minute.");
            let wait = state.reset_s.unsigned_abs();
            Refusal::from(Failure::too_many(message, wait)).into_response()
        }
    };
    tell(response.headers_mut(), &state);
    response
}

fn tell(headers: &mut HeaderMap, state: &Used) {
    headers.insert(LIMIT, HeaderValue::from(state.limit));
    headers.insert(REMAINING, HeaderValue::from(state.remaining.unwrap_or(0)));
    headers.insert(RESET, HeaderValue::from(state.reset_s));
}

#[cfg(test)]
mod tests {
    use super::Counts;
    use crate::ids::TokenId;

    #[test]
    fn a_minute_later_the_count_starts_anew() {
        let counts = Counts::default();
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        let key = TokenId::from_u128(1);
        assert_eq!(counts.count(key, 2, at(0)).remaining, Some(1));
        assert_eq!(counts.count(key, 2, at(30)).remaining, Some(0));
        let over = counts.count(key, 2, at(31));
        assert_eq!((over.remaining, over.reset_s), (None, 29));
        assert_eq!(counts.count(TokenId::from_u128(2), 2, at(31)).remaining, Some(1));
        assert_eq!(counts.count(key, 2, at(60)).remaining, Some(1));
    }

    #[test]
    fn a_clock_that_is_put_back_makes_nobody_wait_longer_and_gives_nobody_twice_as_much() {
        let counts = Counts::default();
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        let key = TokenId::from_u128(1);
        for _ in 0..3 {
            counts.count(key, 2, at(86_400));
        }
        let used = counts.count(key, 2, at(86_400 - 20));
        assert_eq!((used.remaining, used.reset_s), (None, 60), "put back by less than a minute");
        let used = counts.count(key, 2, at(0));
        assert_eq!((used.remaining, used.reset_s), (Some(1), 60), "put back by a day");
    }
}
