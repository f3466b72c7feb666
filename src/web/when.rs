//! A moment as a person reads it: "5 min ago", with the exact time behind it.

use std::fmt;

use jiff::{Timestamp, Zoned};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
/// Farther away than this, a date says more than a count of days.
const DAYS_MAX: i64 = 6;

/// For templates: `{{ When::new(at, now) }}`, where `now` is in the person's zone.
pub struct When {
    at: Timestamp,
    local: Zoned,
    now: Zoned,
}

impl When {
    pub fn new(at: Timestamp, now: &Zoned) -> When {
        When { at, local: at.to_zoned(now.time_zone().clone()), now: now.clone() }
    }

    /// "in 5 min", "yesterday 18:00", "Nov 3".
    pub fn words(&self) -> String {
        let seconds = self.at.as_second() - self.now.timestamp().as_second();
        let away = seconds.abs();
        let days = self.local.date().duration_since(self.now.date()).as_hours() / 24;
        let count = match away {
            0..MINUTE => return if seconds > 0 { "in a moment" } else { "just now" }.to_owned(),
            MINUTE..HOUR => format!("{} min", away / MINUTE),
            _ if days == 0 => format!("{} h", away / HOUR),
            _ => return self.day(days),
        };
        if seconds > 0 { format!("in {count}") } else { format!("{count} ago") }
    }

    fn day(&self, days: i64) -> String {
        match days {
            1 => self.local.strftime("tomorrow %H:%M").to_string(),
            -1 => self.local.strftime("yesterday %H:%M").to_string(),
            2..=DAYS_MAX => self.local.strftime("%A %H:%M").to_string(),
            _ if self.local.year() == self.now.year() => self.local.strftime("%b %-d").to_string(),
            _ => self.local.strftime("%b %-d, %Y").to_string(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.local.strftime("%a %-d %b %Y, %H:%M:%S %Z");
        write!(f, r#"<time datetime="{}" title="{exact}">{}</time>"#, self.at, self.words())
    }
}

impl askama::filters::HtmlSafe for When {}

#[cfg(test)]
mod tests {
    use jiff::Zoned;

    use super::When;

    #[test]
    fn near_is_counted_and_far_is_named() {
        let now: Zoned = "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let words = |at: &str| When::new(at.parse().unwrap(), &now).words();
        assert_eq!(words("2026-11-23T11:00:20Z"), "in a moment");
        assert_eq!(words("2026-11-23T10:00:00Z"), "1 h ago");
        assert_eq!(words("2026-11-23T11:59:00Z"), "in 59 min");
        assert_eq!(words("2026-11-23T23:30:00Z"), "tomorrow 00:30");
        assert_eq!(words("2026-11-22T08:00:00Z"), "yesterday 09:00");
        assert_eq!(words("2026-11-27T08:00:00Z"), "Friday 09:00");
        assert_eq!(words("2026-11-12T08:00:00Z"), "Nov 12");
        assert_eq!(words("2025-03-01T08:00:00Z"), "Mar 1, 2025");
    }
}
