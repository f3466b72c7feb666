//! A model asked aside: nobody watches, and what comes back is one text. Summaries and plans.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::spend::{self, Purse};
use super::turn::{Answer, End};
use super::{Agents, context};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::leak::Watch;
use crate::outside::model::{Delta, Request};

/// What somebody else than the owner wants to know.
pub struct Question<'a> {
    pub purse: &'a Purse,
    pub model: &'a str,
    pub request: Request,
    /// Of the answer; what is longer is cut.
    pub bytes_max: usize,
    pub time_max: Duration,
    pub stop: &'a CancellationToken,
}

/// The text of the answer, with what the spend ledger needs to know: whoever asks counts it. The
/// text is empty when there was none: the model was away or broke off, time was up, or it was
/// stopped. None: that came before anybody was asked, while it waited for room beside other calls.
///
/// # Errors
/// [`Error::Denied`] where it may not be asked: a limit of the purse
/// would be passed.
pub async fn ask(agents: &Agents, question: Question<'_>) -> Result<Option<Answer>> {
    let begun = Instant::now();
    let Question { purse, model, request, bytes_max, time_max, stop } = question;
    let (agents_too, purse_too) = (agents.clone(), *purse);
    let known = move |r: &Reader<'_>| {
        Ok((spend::load(r, &agents_too, &purse_too)?, agents_too.vault.watch(r)?))
    };
    let (spent, watch) = agents.db.read(known).await?;
    let request = spend::fitted(agents, model, request);
    let mut asked = None;
    let heard = async {
        let reservation = spend::reserve(agents, purse, &spent, (model, &request)).await?;
        let answer = asked.insert(Answer::begin(model, reservation));
        Ok::<_, Error>(listen(agents, request, bytes_max, &watch, answer).await)
    };
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => End::Stopped,
        () = tokio::time::sleep(time_max) => End::Stopped,
        heard = heard => if heard? { End::Whole } else { End::Failed },
    };
    let Some(mut answer) = asked else { return Ok(None) };
    answer.reckon(agents, begun, end);
    if end != End::Whole {
        answer.text.clear();
    }
    Ok(Some(answer))
}

/// False: there was no answer, or not the whole of it.
async fn listen(
    agents: &Agents,
    request: Request,
    bytes_max: usize,
    watch: &Watch,
    answer: &mut Answer,
) -> bool {
    let Ok(opened) = agents.outside.models().open(&answer.model) else { return false };
    let mut deltas = opened.stream(context::masked(request, watch));
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(Delta::Text(text)) if answer.text.len() < bytes_max => answer.text.push_str(&text),
            Ok(Delta::Usage(so_far)) => answer.usage = so_far,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    model = answer.model,
                    "no answer aside: {}",
                    watch.shown(&error.to_string())
                );
                answer.failed(&error, watch, agents.clock.now());
                return false;
            }
        }
    }
    answer.text = watch.shown(&answer.text);
    true
}
