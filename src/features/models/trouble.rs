//! A provider that fails, in a person's words: what failed, since when, what comes next, and the one
//! thing to do about it.

use jiff::{SignedDuration, Timestamp};

use crate::agent::store::providers::{self, Asked, Failing};
use crate::app::App;
use crate::error::Result;
use crate::outside::model::catalog::COMMANDS;

/// What mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    Key,
    Address,
    /// To see whether it is over.
    Test,
}

/// One provider's row of failures.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub failing: Failing,
    /// What failed, in one sentence.
    pub what: String,
    /// What comes next, by itself.
    pub next: String,
    pub fix: Fix,
}

/// When each provider was asked last, and what is wrong with those that fail.
pub async fn list(app: &App) -> Result<Vec<(Asked, Option<Trouble>)>> {
    let asked = app.db.read(providers::list).await?;
    let now = app.clock.now();
    let trouble = |it: &Asked| {
        let failing = it.failing.clone()?;
        let what = what(&it.provider, &failing);
        let next = next(app, &it.provider, &failing, (&asked, now));
        Some(Trouble { what, next, fix: fix(&failing), failing })
    };
    Ok(asked.iter().map(|it| (it.clone(), trouble(it))).collect())
}

/// Of the provider of one model, by its full name.
pub async fn of_model(app: &App, model: &str) -> Result<Option<Trouble>> {
    let provider = model.split(':').next().unwrap_or_default();
    let all = list(app).await?;
    Ok(all.into_iter().find(|(it, _)| it.provider == provider).and_then(|(_, trouble)| trouble))
}

impl Trouble {
    /// For everybody: without the words of the provider, which may quote somebody else's.
    pub fn brief(&self) -> String {
        let provider = self.failing.model.split(':').next().unwrap_or_default();
        format!("{provider} {}", verb(&self.failing))
    }

    /// "3 calls in a row failed, the first".
    pub fn count(&self) -> String {
        match self.failing.calls {
            1 => "It failed once,".to_owned(),
            calls => format!("{calls} calls in a row failed, the first"),
        }
    }
}

fn what(provider: &str, failing: &Failing) -> String {
    match failing.kind.as_str() {
        // Their own sentences say where to go, and this is that place.
        "wrong_key" | "rate_limited" | "out_of_quota" => format!("{provider} {}.", verb(failing)),
        // The provider's own words may stand at its end.
        _ if failing.sentence.ends_with(['.', '!', '?', '…']) => failing.sentence.clone(),
        _ => format!("{}.", failing.sentence),
    }
}

/// What a provider does that fails so, after its name.
fn verb(failing: &Failing) -> &'static str {
    match failing.kind.as_str() {
        "wrong_key" => "refuses the key",
        "rate_limited" => "limits how often it may be asked",
        "out_of_quota" => "is out of credit or quota",
        "refused" => "refuses what it is asked",
        // Nothing answered.
        "model_away" if failing.raw == failing.sentence => "can't be reached",
        "model_away" => "can't be reached or is overloaded",
        "cut" => "breaks off in the middle of its answers",
        _ => "answers with what is not its protocol",
    }
}

fn fix(failing: &Failing) -> Fix {
    // Nothing answered there, or what answered is something else.
    let elsewhere = match failing.kind.as_str() {
        "model_away" => failing.raw == failing.sentence,
        "refused" | "malformed" => failing.sentence.contains("base URL"),
        _ => false,
    };
    match failing.kind.as_str() {
        "wrong_key" => Fix::Key,
        _ if elsewhere => Fix::Address,
        _ => Fix::Test,
    }
}

/// Nothing asks by itself: the next message does.
fn next(app: &App, provider: &str, failing: &Failing, (all, now): (&[Asked], Timestamp)) -> String {
    let wait =
        failing.retry_at.map(|at| at.duration_since(now)).filter(SignedDuration::is_positive);
    let retry = match wait {
        Some(wait) => format!("It asks for a pause: try again in {}.", span(wait)),
        None => "The next message tries it again.".to_owned(),
    };
    match stand_in(app, provider, failing, all) {
        Some(other) if other == COMMANDS => {
            format!("{retry} Meanwhile the built-in commands answer.")
        }
        Some(other) => format!("{retry} Meanwhile {other} answers."),
        None => retry,
    }
}

/// The first model of those that stand in whose own provider does not fail.
fn stand_in(app: &App, provider: &str, failing: &Failing, all: &[Asked]) -> Option<String> {
    // What was refused is not asked of another.
    if failing.kind == "refused" {
        return None;
    }
    let fails = |name: &str| {
        name == provider || all.iter().any(|it| it.provider == name && it.failing.is_some())
    };
    let config = app.config.get();
    let catalog = app.outside.models();
    let well = config.models.fallback.iter().filter(|it| !fails(&it.provider));
    well.map(ToString::to_string).find(|it| !catalog.off.contains(it))
}

fn span(wait: SignedDuration) -> String {
    let seconds = wait.as_secs().max(1);
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 59) / 60),
        _ => format!("{} h", (seconds + 3_599) / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Failing, Fix, fix, span};

    fn failing(kind: &str, sentence: &str, raw: &str) -> Failing {
        Failing {
            since: Timestamp::UNIX_EPOCH,
            calls: 1,
            kind: kind.to_owned(),
            sentence: sentence.to_owned(),
            raw: raw.to_owned(),
            request_id: None,
            retry_at: None,
            model: "p:m".to_owned(),
            run: None,
        }
    }

    #[test]
    fn each_failure_has_one_thing_that_mends_it() {
        for (kind, sentence, raw, mends) in [
            ("wrong_key", "p refused the key.", "HTTP 401", Fix::Key),
            ("model_away", "p can't be reached", "p can't be reached", Fix::Address),
            ("model_away", "p can't be reached", "HTTP 502", Fix::Test),
            ("refused", "it redirects to x; mend the base URL", "HTTP 307", Fix::Address),
            ("refused", "no such model", "HTTP 404", Fix::Test),
            ("malformed", "text/html; look at the base URL", "text/html", Fix::Address),
            ("rate_limited", "Try again in 7 s.", "HTTP 429", Fix::Test),
        ] {
            assert_eq!(fix(&failing(kind, sentence, raw)), mends, "{kind} {raw}");
        }
    }

    #[test]
    fn a_pause_is_said_in_the_unit_that_fits() {
        let said = [1, 119, 240, 7_200].map(|s| span(SignedDuration::from_secs(s)));
        assert_eq!(said, ["1 s", "119 s", "4 min", "2 h"]);
    }
}
