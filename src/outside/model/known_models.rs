//! The table of models known by name: list prices, context sizes, what they can do.
//!
//! Standard rates as the providers' own pages gave them on the date of [`AS_OF`]. A model that isn't
//! in here has no price until its provider or the owner tells one.

use super::prices::{Info, Long, Price};

/// When the table was last held against the providers' pages.
pub const AS_OF: &str = "2026-11";

struct Row {
    id: &'static str,
    context_tokens: u32,
    output_tokens_max: u32,
    /// In thousandths of a dollar per million tokens: input, output, cached, written to the cache.
    rates: [u64; 4],
    long: Option<Long>,
}

const M: u32 = 1_000_000;
/// OpenAI's dearer rates for long input.
const OPENAI_LONG: Option<Long> =
    Some(Long { above_tokens: 272_000, input_percent: 200, output_percent: 150 });
const HAIKU_LONG: Option<Long> =
    Some(Long { above_tokens: 100_000, input_percent: 500, output_percent: 500 });

const fn row(
    id: &'static str,
    context_tokens: u32,
    output_tokens_max: u32,
    rates: [u64; 4],
) -> Row {
    Row { id, context_tokens, output_tokens_max, rates, long: None }
}

const fn dearer(row: Row, long: Option<Long>) -> Row {
    Row { long, ..row }
}

/// No row stands for the family of its id: see [`is_version`].
const TABLE: &[Row] = &[
    row("claude-fable-5-1", M, 128_000, [10_000, 50_000, 250, 12_500]),
    row("claude-fable-5", M, 128_000, [10_000, 50_000, 1_000, 12_500]),
    row("claude-opus-5-5", M, 128_000, [4_000, 20_000, 200, 5_000]),
    row("claude-opus-5", M, 128_000, [5_000, 25_000, 500, 6_250]),
    row("claude-opus-4-8", M, 128_000, [5_000, 25_000, 500, 6_250]),
    row("claude-opus-4-7", M, 128_000, [5_000, 25_000, 500, 6_250]),
    row("claude-opus-4-6", M, 128_000, [5_000, 25_000, 500, 6_250]),
    row("claude-opus-4-5", 200_000, 64_000, [5_000, 25_000, 500, 6_250]),
    row("claude-sonnet-5-5", M, 128_000, [2_000, 10_000, 100, 2_500]),
    row("claude-sonnet-5", M, 128_000, [2_000, 10_000, 200, 2_500]),
    row("claude-sonnet-4-6", 200_000, 64_000, [3_000, 15_000, 300, 3_750]),
    row("claude-sonnet-4-5", 200_000, 64_000, [3_000, 15_000, 300, 3_750]),
    dearer(row("claude-haiku-5-5", M, 128_000, [100, 500, 10, 125]), HAIKU_LONG),
    row("claude-haiku-4-5", 200_000, 64_000, [1_000, 5_000, 100, 1_250]),
    dearer(row("gpt-6-astra", 1_050_000, 128_000, [10_000, 50_000, 1_000, 12_500]), OPENAI_LONG),
    dearer(row("gpt-6.2-sol", 1_050_000, 128_000, [2_000, 10_000, 100, 2_500]), OPENAI_LONG),
    dearer(row("gpt-6.1-sol", 1_050_000, 128_000, [2_000, 10_000, 100, 2_500]), OPENAI_LONG),
    dearer(row("gpt-6-sol", 1_050_000, 128_000, [2_000, 10_000, 200, 2_500]), OPENAI_LONG),
    dearer(row("gpt-6-luna", 1_050_000, 128_000, [100, 500, 10, 125]), OPENAI_LONG),
    dearer(row("gpt-5.6-sol", 1_050_000, 128_000, [4_000, 20_000, 400, 5_000]), OPENAI_LONG),
    dearer(row("gpt-5.6-terra", 1_050_000, 128_000, [2_000, 12_000, 200, 2_500]), OPENAI_LONG),
    dearer(row("gpt-5.6-luna", 1_050_000, 128_000, [200, 1_200, 20, 250]), OPENAI_LONG),
    dearer(row("gpt-5.5", 1_050_000, 128_000, [5_000, 30_000, 500, 5_000]), OPENAI_LONG),
    dearer(row("gpt-5.4", 1_050_000, 128_000, [2_500, 15_000, 250, 2_500]), OPENAI_LONG),
    row("gpt-5.4-mini", 400_000, 128_000, [750, 4_500, 75, 750]),
    row("gpt-5.4-nano", 400_000, 128_000, [200, 1_250, 20, 200]),
    row("gpt-5.2", 400_000, 128_000, [1_750, 14_000, 175, 1_750]),
    row("gpt-5.1", 400_000, 128_000, [1_250, 10_000, 125, 1_250]),
    row("gpt-5", 400_000, 128_000, [1_250, 10_000, 125, 1_250]),
    row("gpt-5-mini", 400_000, 128_000, [250, 2_000, 25, 250]),
    row("gpt-5-nano", 400_000, 128_000, [50, 400, 5, 50]),
    row("gpt-4.1", 1_047_576, 32_768, [2_000, 8_000, 500, 2_000]),
    row("gpt-4.1-mini", 1_047_576, 32_768, [400, 1_600, 100, 400]),
    row("gpt-4.1-nano", 1_047_576, 32_768, [100, 400, 25, 100]),
    row("gpt-4o", 128_000, 16_384, [2_500, 10_000, 1_250, 2_500]),
    row("gpt-4o-mini", 128_000, 16_384, [150, 600, 75, 150]),
];

/// What the table knows of a model by its provider's id, dated versions included.
pub fn known(id: &str) -> Info {
    let id = id.split_once('/').map_or(id, |(_, id)| id);
    let row = TABLE.iter().find(|row| id.strip_prefix(row.id).is_some_and(is_version));
    row.map(Row::info).unwrap_or_default()
}

/// Nothing, `-latest` or a date: anything else is another model, whose price may be another one.
fn is_version(rest: &str) -> bool {
    let Some(version) = rest.strip_prefix(['-', '@']) else { return rest.is_empty() };
    let digits = version.bytes().filter(u8::is_ascii_digit).count();
    version == "latest"
        || (digits >= 6 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

impl Row {
    fn info(&self) -> Info {
        let [input, output, cached, cache_write] = self.rates.map(|rate| rate * 1_000);
        let (cached, cache_write, long) = (Some(cached), Some(cache_write), self.long);
        Info {
            context_tokens: Some(self.context_tokens),
            output_tokens_max: Some(self.output_tokens_max),
            price: Some(Price { input, output, cached, cache_write, long }),
            vision: Some(true),
            tools: Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(id: &str) -> Option<u64> {
        known(id).price.map(|price| price.input)
    }

    #[test]
    fn dated_versions_share_the_price_of_their_model() {
        for id in [
            "claude-sonnet-4-5",
            "claude-sonnet-4-5-20250929",
            "claude-sonnet-4-5@20250929",
            "claude-sonnet-4-5-latest",
            "anthropic/claude-sonnet-4-5",
        ] {
            assert_eq!(input(id), Some(3_000_000), "{id}");
        }
        assert_eq!(input("gpt-4o-2024-08-06"), Some(2_500_000));
    }

    #[test]
    fn a_sibling_of_a_known_model_has_no_price() {
        for id in ["gpt-4o-audio-preview", "gpt-5-pro", "gpt-5.9", "claude-opus-5-9", "gpt-4o:free"]
        {
            assert_eq!(known(id), Info::default(), "{id}");
        }
    }

    #[test]
    fn no_two_rows_are_for_the_same_model() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(TABLE.iter().position(|other| other.id == row.id), Some(at), "{}", row.id);
        }
    }
}
