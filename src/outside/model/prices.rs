//! What a call costs, and what is known of a model: from the owner, from its provider, from the
//! [table](super::known_models). An unknown price is unknown, never 0.

use super::Usage;
use super::known_models::known;

/// Micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub input: u64,
    pub output: u64,
    /// Input read from the provider's cache; where unknown it counts as input.
    pub cached: Option<u64>,
    /// Input written to the cache; where unknown it counts as input.
    pub cache_write: Option<u64>,
    /// Some models cost more, all tokens of the call, once its input is long.
    pub long: Option<Long>,
}

impl Price {
    /// The same for every token of the input.
    pub const fn flat(input: u64, output: u64) -> Price {
        Price { input, output, cached: None, cache_write: None, long: None }
    }
}

/// What a call costs whose input is longer than `above_tokens`, in percent of the usual rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long {
    pub above_tokens: u64,
    pub input_percent: u16,
    pub output_percent: u16,
}

/// What is known of a model; None is "unknown".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Info {
    pub context_tokens: Option<u32>,
    pub output_tokens_max: Option<u32>,
    pub price: Option<Price>,
    /// It takes images.
    pub vision: Option<bool>,
    /// It calls tools.
    pub tools: Option<bool>,
}

impl Info {
    /// This, with what `other` knows where this knows nothing.
    pub fn or(self, other: Info) -> Info {
        Info {
            context_tokens: self.context_tokens.or(other.context_tokens),
            output_tokens_max: self.output_tokens_max.or(other.output_tokens_max),
            price: self.price.or(other.price),
            vision: self.vision.or(other.vision),
            tools: self.tools.or(other.tools),
        }
    }
}

/// A row of the owner's: `model` is a full name (`NAME:model`), a model's own id, or the beginning
/// of either, followed by `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub model: String,
    pub info: Info,
}

/// What is known of a model: the owner's rows first (an exact one before a pattern, a longer pattern
/// before a shorter one), then what the provider lists, then the table.
pub fn info(name: &str, overrides: &[Override], listed: Option<Info>) -> Info {
    let id = name.split_once(':').map_or(name, |(_, id)| id);
    let mut rows: Vec<&Override> =
        overrides.iter().filter(|row| row.matches(name) || row.matches(id)).collect();
    rows.sort_by_key(|row| (row.model.ends_with('*'), std::cmp::Reverse(row.model.len())));
    let owner = rows.into_iter().fold(Info::default(), |known, row| known.or(row.info));
    owner.or(listed.unwrap_or_default()).or(known(id))
}

impl Override {
    fn matches(&self, name: &str) -> bool {
        match self.model.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.model == name,
        }
    }
}

/// What a call cost in micro-dollars, rounded up; None where the price is unknown.
pub fn cost(usage: &Usage, price: Option<&Price>) -> Option<u64> {
    let price = price?;
    let cached = usage.cached_tokens.min(usage.input_tokens);
    let written = usage.cache_write_tokens.min(usage.input_tokens - cached);
    let fresh = usage.input_tokens - cached - written;
    let (input_percent, output_percent) = match price.long {
        Some(long) if usage.input_tokens > long.above_tokens => {
            (long.input_percent, long.output_percent)
        }
        _ => (100, 100),
    };
    let part = |tokens: u64, rate: u64, percent: u16| {
        u128::from(tokens) * u128::from(rate) * u128::from(percent)
    };
    let sum = part(fresh, price.input, input_percent)
        + part(cached, price.cached.unwrap_or(price.input), input_percent)
        + part(written, price.cache_write.unwrap_or(price.input), input_percent)
        + part(usage.output_tokens, price.output, output_percent);
    Some(u64::try_from(sum.div_ceil(100 * 1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 3_000_000,
        output: 15_000_000,
        cached: Some(300_000),
        cache_write: Some(3_750_000),
        long: Some(Long { above_tokens: 200_000, input_percent: 200, output_percent: 150 }),
    };

    fn usage(input: u64, output: u64, cached: u64, written: u64) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            cached_tokens: cached,
            cache_write_tokens: written,
        }
    }

    #[test]
    fn each_kind_of_token_has_its_rate() {
        assert_eq!(cost(&usage(1_000, 100, 0, 0), Some(&PRICE)), Some(3_000 + 1_500));
        assert_eq!(cost(&usage(1_000, 0, 600, 300), Some(&PRICE)), Some(300 + 180 + 1_125));
        let plain = Price { cached: None, cache_write: None, ..PRICE };
        assert_eq!(cost(&usage(1_000, 0, 600, 300), Some(&plain)), Some(3_000));
    }

    #[test]
    fn long_input_costs_more_for_the_whole_call() {
        assert_eq!(cost(&usage(200_000, 1_000, 0, 0), Some(&PRICE)), Some(615_000));
        assert_eq!(cost(&usage(200_001, 1_000, 0, 0), Some(&PRICE)), Some(1_200_006 + 22_500));
    }

    #[test]
    fn part_of_a_micro_dollar_counts_whole_and_nothing_overflows() {
        assert_eq!(cost(&usage(1, 0, 1, 0), Some(&PRICE)), Some(1));
        assert_eq!(cost(&usage(u64::MAX, u64::MAX, 0, 0), Some(&PRICE)), Some(u64::MAX));
        assert_eq!(cost(&usage(5, 0, u64::MAX, u64::MAX), Some(&PRICE)), Some(2));
    }

    #[test]
    fn unknown_price_is_unknown() {
        assert_eq!(cost(&usage(1_000, 100, 0, 0), None), None);
        assert_eq!(info("local:qwen3:8b", &[], None), Info::default());
    }

    #[test]
    fn owner_comes_before_provider_before_table() {
        let row = |model: &str, context| Override {
            model: model.to_owned(),
            info: Info { context_tokens: Some(context), ..Info::default() },
        };
        let rows = [row("claude*", 1), row("a:claude-sonnet*", 2), row("claude-sonnet-4-5", 3)];
        let listed = Info { context_tokens: Some(9), vision: Some(false), ..Info::default() };
        let told = info("a:claude-sonnet-4-5", &rows, Some(listed));
        assert_eq!(
            (told.context_tokens, told.vision, told.tools),
            (Some(3), Some(false), Some(true))
        );
        assert_eq!(info("a:claude-sonnet-4-6", &rows, Some(listed)).context_tokens, Some(2));
        assert_eq!(info("b:claude-sonnet-4-6", &rows, Some(listed)).context_tokens, Some(1));
        assert_eq!(info("b:claude-sonnet-4-6", &[], Some(listed)).context_tokens, Some(9));
        assert_eq!(
            info("b:claude-sonnet-4-6", &[], None).price.map(|price| price.input),
            Some(3_000_000)
        );
    }
}
