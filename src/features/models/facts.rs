//! What the owner says a model costs and holds, where the program does not know or is wrong; and
//! whether it may be used at all.

use serde_json::json;

use super::service::COMMANDS_STAY;
use super::{connect_providers, store};
use crate::app::App;
use crate::audit::{self, By, Entry};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::prices::{Info, Override, Price};

const NAME_CHARS_MAX: usize = 200;
const DOLLARS_MAX: f64 = 1e6;
pub const MICROS_PER_DOLLAR: f64 = 1e6;

/// As typed: dollars per million tokens, and tokens.
#[derive(Clone, Default)]
pub struct Facts {
    pub model: String,
    pub input: String,
    pub output: String,
    pub context: String,
}

/// What a program changes; what is left out stays as it is.
#[derive(Default)]
pub struct Change {
    pub enabled: Option<bool>,
    /// Dollars per million tokens, in and out; `Some(None)` forgets what was said.
    pub prices: Option<Option<(f64, f64)>>,
}

/// Saves them; all empty forgets what was said before.
pub async fn say(app: &App, typed: Facts, by: By) -> Result<()> {
    let fact = typed.parse()?;
    app.db.write(move |tx| put(tx, fact, &by)).await?;
    connect_providers(app).await
}

/// Changes what is said of one model, all of it or nothing.
pub async fn change(app: &App, model: &str, change: Change, by: By) -> Result<()> {
    if change.enabled == Some(false) {
        may_be_switched_off(app, model)?;
    }
    let price = match change.prices {
        Some(Some((input, output))) => Some(Some(Price::flat(
            micros("prices.prompt", input)?,
            micros("prices.completion", output)?,
        ))),
        Some(None) => Some(None),
        None => None,
    };
    let model = model.to_owned();
    app.db
        .write(move |tx| {
            if let Some(price) = price {
                let old = store::find(tx, &model)?.map(|it| it.info).unwrap_or_default();
                let info = Info { price, ..old };
                put(tx, Override { model: model.clone(), info }, &by)?;
            }
            if let Some(on) = change.enabled {
                store::switch(tx, &model, on, by.at)?;
                let entry = Entry::new(&by, "models.switch", model.as_str());
                audit::record(tx, entry.detail(json!({ "enabled": on })))?;
            }
            Ok(())
        })
        .await?;
    connect_providers(app).await
}

/// A model that answers, or stands in, has to be replaced first.
fn may_be_switched_off(app: &App, model: &str) -> Result<()> {
    let config = app.config.get();
    let message = if model == COMMANDS {
        COMMANDS_STAY.to_owned()
    } else if config.models.default.to_string() == model {
        format!("{model} is the default. Make another one the default first.")
    } else if config.models.fallback.iter().any(|it| it.to_string() == model) {
        format!("{model} stands in for the default. Take it out of that list first.")
    } else {
        return Ok(());
    };
    Err(Error::Conflict(message))
}

fn put(tx: &Tx<'_>, fact: Override, by: &By) -> Result<()> {
    if fact.info == Info::default() {
        store::delete(tx, &fact.model)?;
    } else {
        store::put(tx, &fact, by.at)?;
    }
    let detail = json!({
        "input_usd_micros": fact.info.price.map(|it| it.input),
        "output_usd_micros": fact.info.price.map(|it| it.output),
        "context_tokens": fact.info.context_tokens,
    });
    audit::record(tx, Entry::new(by, "models.facts", fact.model).detail(detail))?;
    Ok(())
}

impl Facts {
    fn parse(&self) -> Result<Override> {
        let model = self.model.trim().to_owned();
        if model.is_empty() || NAME_CHARS_MAX < model.chars().count() {
            return Err(Error::invalid("model", "Name a model, such as claude:claude-sonnet."));
        }
        let (input, output) = (dollars("input", &self.input)?, dollars("output", &self.output)?);
        let price = match (input, output) {
            (Some(input), Some(output)) => Some(Price::flat(input, output)),
            (None, None) => None,
            (None, _) => return Err(Error::invalid("input", "Give both prices, or none.")),
            (_, None) => return Err(Error::invalid("output", "Give both prices, or none.")),
        };
        let context = self.context.trim();
        let context_tokens = match context {
            "" => None,
            text => Some(text.parse().ok().filter(|tokens| *tokens > 0).ok_or_else(|| {
                Error::invalid("context", "Write a number of tokens, such as 128000.")
            })?),
        };
        Ok(Override { model, info: Info { price, context_tokens, ..Info::default() } })
    }
}

/// Micro-dollars.
fn dollars(field: &'static str, typed: &str) -> Result<Option<u64>> {
    let text = typed.trim().trim_start_matches('$');
    if text.is_empty() {
        return Ok(None);
    }
    micros(field, text.parse().unwrap_or(f64::NAN)).map(Some)
}

fn micros(field: &'static str, dollars: f64) -> Result<u64> {
    if !(0.0..=DOLLARS_MAX).contains(&dollars) {
        let message = format!("Write dollars from 0 to {DOLLARS_MAX}, such as 3 or 0.25.");
        return Err(Error::invalid(field, message));
    }
    Ok((dollars * MICROS_PER_DOLLAR).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::Facts;

    #[test]
    fn a_price_is_whole_or_unknown() {
        let facts = |input: &str, output: &str, context: &str| Facts {
            model: "home:qwen".to_owned(),
            input: input.to_owned(),
            output: output.to_owned(),
            context: context.to_owned(),
        };
        let info = facts("$3", "0.25", "128000").parse().unwrap().info;
        let price = info.price.unwrap();
        assert_eq!((price.input, price.output), (3_000_000, 250_000));
        assert_eq!(info.context_tokens, Some(128_000));
        assert!(facts("", "", "").parse().unwrap().info.price.is_none());
        for (input, output, context) in
            [("3", "", ""), ("-1", "1", ""), ("a", "1", ""), ("", "", "0")]
        {
            assert!(facts(input, output, context).parse().is_err());
        }
    }
}
