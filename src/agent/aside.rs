//! A model asked aside: nobody watches, and what comes back is one text. Summaries and plans.

use std::time::Instant;

use futures_util::StreamExt as _;

use super::turn::Answer;
use super::{Agents, context};
use crate::leak::Watch;
use crate::outside::model::{Delta, Request};

/// The text of the answer, at most `bytes_max` long, with what the spend ledger needs to know. The
/// text is empty when there was none: the model was away, or broke off.
pub async fn ask(agents: &Agents, model: &str, request: Request, bytes_max: usize) -> Answer {
    let begun = Instant::now();
    let mut answer = Answer { model: model.to_owned(), ..Answer::default() };
    let vault = agents.vault.clone();
    match agents.db.read(move |r| vault.watch(r)).await {
        Ok(watch) => listen(agents, request, bytes_max, &watch, &mut answer).await,
        Err(err) => tracing::error!(model, "nothing asked aside: {:#}", anyhow::Error::new(err)),
    }
    answer.duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    answer.cost_usd_micros = agents.outside.models().cost(model, answer.usage);
    answer
}

async fn listen(
    agents: &Agents,
    request: Request,
    bytes_max: usize,
    watch: &Watch,
    answer: &mut Answer,
) {
    let Ok(opened) = agents.outside.models().open(&answer.model) else { return };
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
                answer.text.clear();
                return;
            }
        }
    }
    answer.text = watch.shown(&answer.text);
}
