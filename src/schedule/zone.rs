//! Time zones by name, with a guess at what a misspelt one was meant to be.

use jiff::tz::{self, TimeZone};

use crate::dates;
use crate::error::{Error, Result};

/// Less alike is no guess.
const ALIKE_MIN: f64 = 0.8;

/// "Europe/Berlin"; a city alone is understood too.
pub fn zone(name: &str) -> Result<TimeZone> {
    let name = name.trim();
    let exact = TimeZone::get(name).ok().filter(|it| it.iana_name().is_some());
    if let Some(zone) = exact.or_else(|| dates::zone(name)) {
        return Ok(zone);
    }
    let sentence = match nearest(name) {
        Some(guess) => format!("There is no time zone {name:?}. Did you mean {guess}?"),
        None => {
            format!(
                "There is no time zone {name:?}. Write it like Europe/Berlin or America/New_York."
            )
        }
    };
    Err(Error::invalid("zone", sentence))
}

fn nearest(name: &str) -> Option<String> {
    let asked = name.to_lowercase().replace(' ', "_");
    let alike = |zone: &str| {
        let zone = zone.to_lowercase();
        let city = zone.rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(&zone, &asked).max(strsim::jaro_winkler(city, &asked))
    };
    let zones = tz::db().available().map(|zone| zone.to_string()).filter(|it| it.contains('/'));
    let best = zones.map(|zone| (alike(&zone), zone)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE_MIN).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_or_guessed_at() {
        let name = |text: &str| zone(text).map(|it| it.iana_name().unwrap_or_default().to_owned());
        assert_eq!(name("europe/berlin").unwrap(), "Europe/Berlin");
        assert_eq!(name("Tokyo").unwrap(), "Asia/Tokyo");
        let refused = |text: &str| name(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("Europe/Berln"), @r#"There is no time zone "Europe/Berln". Did you mean Europe/Berlin?"#);
        insta::assert_snapshot!(refused("Americ/New York"), @r#"There is no time zone "Americ/New York". Did you mean America/New_York?"#);
        insta::assert_snapshot!(refused("xxxx"), @r#"There is no time zone "xxxx". Write it like Europe/Berlin or America/New_York."#);
    }
}
