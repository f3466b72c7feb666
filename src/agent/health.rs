//! What a model call says of its provider: that it answers, or how it fails. Kept with the call's
//! row in the spend ledger, so that a restart forgets nothing.

use jiff::{SignedDuration, Timestamp};

use super::finish;
use super::store::providers::{self, Failure};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::RunId;
use crate::leak::Watch;
use crate::outside::model::ModelError;
use crate::outside::model::catalog::COMMANDS;

/// What is kept of an answer that was none.
const RAW_BYTES_MAX: usize = 1_000;

/// That the provider answered, or how it failed.
pub type Heard = std::result::Result<(), Failure>;

/// None where the error is not the provider's: what it was asked was too long. Providers quote what
/// they were sent, so secrets are taken out before anything is cut.
pub fn failed(error: &ModelError, watch: &Watch, now: Timestamp) -> Option<Heard> {
    if *error == ModelError::TooLong {
        return None;
    }
    let sentence = watch.shown(&error.to_string());
    let answered = error.answered();
    let raw = answered.map_or_else(|| sentence.clone(), |it| watch.shown(&it.raw));
    let request_id = answered.and_then(|it| it.request_id.as_deref());
    let retry_at = match error {
        ModelError::RateLimited { retry_after: Some(wait), .. } => {
            let wait = SignedDuration::try_from(*wait).ok();
            wait.and_then(|wait| now.checked_add(wait).ok())
        }
        _ => None,
    };
    Some(Err(Failure {
        kind: error.kind(),
        raw: finish::cut(&raw, RAW_BYTES_MAX).to_owned(),
        request_id: request_id.map(|id| watch.shown(id)),
        sentence,
        retry_at,
    }))
}

/// Writes down what was heard of the provider of `model`, its full name.
pub fn note(
    tx: &Tx<'_>,
    model: &str,
    run: Option<RunId>,
    heard: &Heard,
    now: Timestamp,
) -> Result<()> {
    let Some((provider, _)) = model.split_once(':').filter(|_| model != COMMANDS) else {
        return Ok(());
    };
    match heard {
        Ok(()) => providers::answered(tx, provider, now),
        Err(failure) => providers::failed(tx, (provider, model), run, failure, now),
    }
}
