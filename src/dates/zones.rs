//! Time zones by the names people give them: a city, a country, an abbreviation.

use jiff::tz::{self, TimeZone};

/// Places that the time zone database does not name itself.
const PLACES: &[(&str, &str)] = &[
    ("san francisco", "America/Los_Angeles"),
    ("seattle", "America/Los_Angeles"),
    ("las vegas", "America/Los_Angeles"),
    ("san diego", "America/Los_Angeles"),
    ("portland", "America/Los_Angeles"),
    ("california", "America/Los_Angeles"),
    ("pacific time", "America/Los_Angeles"),
    ("mountain time", "America/Denver"),
    ("central time", "America/Chicago"),
    ("eastern time", "America/New_York"),
    ("houston", "America/Chicago"),
    ("dallas", "America/Chicago"),
    ("austin", "America/Chicago"),
    ("texas", "America/Chicago"),
    ("boston", "America/New_York"),
    ("washington", "America/New_York"),
    ("philadelphia", "America/New_York"),
    ("atlanta", "America/New_York"),
    ("miami", "America/New_York"),
    ("nyc", "America/New_York"),
    ("montreal", "America/Toronto"),
    ("ottawa", "America/Toronto"),
    ("rio de janeiro", "America/Sao_Paulo"),
    ("argentina", "America/Argentina/Buenos_Aires"),
    ("peru", "America/Lima"),
    ("uk", "Europe/London"),
    ("england", "Europe/London"),
    ("scotland", "Europe/London"),
    ("edinburgh", "Europe/London"),
    ("manchester", "Europe/London"),
    ("ireland", "Europe/Dublin"),
    ("germany", "Europe/Berlin"),
    ("munich", "Europe/Berlin"),
    ("hamburg", "Europe/Berlin"),
    ("frankfurt", "Europe/Berlin"),
    ("cologne", "Europe/Berlin"),
    ("stuttgart", "Europe/Berlin"),
    ("austria", "Europe/Vienna"),
    ("switzerland", "Europe/Zurich"),
    ("geneva", "Europe/Zurich"),
    ("basel", "Europe/Zurich"),
    ("bern", "Europe/Zurich"),
    ("france", "Europe/Paris"),
    ("lyon", "Europe/Paris"),
    ("italy", "Europe/Rome"),
    ("milan", "Europe/Rome"),
    ("naples", "Europe/Rome"),
    ("spain", "Europe/Madrid"),
    ("barcelona", "Europe/Madrid"),
    ("portugal", "Europe/Lisbon"),
    ("netherlands", "Europe/Amsterdam"),
    ("the netherlands", "Europe/Amsterdam"),
    ("belgium", "Europe/Brussels"),
    ("denmark", "Europe/Copenhagen"),
    ("sweden", "Europe/Stockholm"),
    ("norway", "Europe/Oslo"),
    ("finland", "Europe/Helsinki"),
    ("poland", "Europe/Warsaw"),
    ("krakow", "Europe/Warsaw"),
    ("czechia", "Europe/Prague"),
    ("hungary", "Europe/Budapest"),
    ("romania", "Europe/Bucharest"),
    ("bulgaria", "Europe/Sofia"),
    ("greece", "Europe/Athens"),
    ("turkey", "Europe/Istanbul"),
    ("ukraine", "Europe/Kyiv"),
    ("kiev", "Europe/Kyiv"),
    ("iceland", "Atlantic/Reykjavik"),
    ("egypt", "Africa/Cairo"),
    ("kenya", "Africa/Nairobi"),
    ("nigeria", "Africa/Lagos"),
    ("south africa", "Africa/Johannesburg"),
    ("cape town", "Africa/Johannesburg"),
    ("morocco", "Africa/Casablanca"),
    ("israel", "Asia/Jerusalem"),
    ("tel aviv", "Asia/Jerusalem"),
    ("uae", "Asia/Dubai"),
    ("abu dhabi", "Asia/Dubai"),
    ("saudi arabia", "Asia/Riyadh"),
    ("india", "Asia/Kolkata"),
    ("mumbai", "Asia/Kolkata"),
    ("delhi", "Asia/Kolkata"),
    ("new delhi", "Asia/Kolkata"),
    ("bangalore", "Asia/Kolkata"),
    ("chennai", "Asia/Kolkata"),
    ("hyderabad", "Asia/Kolkata"),
    ("pakistan", "Asia/Karachi"),
    ("thailand", "Asia/Bangkok"),
    ("vietnam", "Asia/Ho_Chi_Minh"),
    ("hanoi", "Asia/Ho_Chi_Minh"),
    ("china", "Asia/Shanghai"),
    ("beijing", "Asia/Shanghai"),
    ("shenzhen", "Asia/Shanghai"),
    ("taiwan", "Asia/Taipei"),
    ("philippines", "Asia/Manila"),
    ("japan", "Asia/Tokyo"),
    ("osaka", "Asia/Tokyo"),
    ("kyoto", "Asia/Tokyo"),
    ("south korea", "Asia/Seoul"),
    ("korea", "Asia/Seoul"),
    ("new zealand", "Pacific/Auckland"),
    ("wellington", "Pacific/Auckland"),
    ("canberra", "Australia/Sydney"),
    ("hawaii", "Pacific/Honolulu"),
];

const ABBREVIATIONS: &[(&str, &str)] = &[
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("mst", "America/Denver"),
    ("mdt", "America/Denver"),
    ("mt", "America/Denver"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("ct", "America/Chicago"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("et", "America/New_York"),
    ("akst", "America/Anchorage"),
    ("hst", "Pacific/Honolulu"),
    ("bst", "Europe/London"),
    ("cet", "Europe/Berlin"),
    ("cest", "Europe/Berlin"),
    ("eet", "Europe/Helsinki"),
    ("eest", "Europe/Helsinki"),
    ("msk", "Europe/Moscow"),
    ("ist", "Asia/Kolkata"),
    ("sgt", "Asia/Singapore"),
    ("hkt", "Asia/Hong_Kong"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("awst", "Australia/Perth"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
    ("nzst", "Pacific/Auckland"),
    ("nzdt", "Pacific/Auckland"),
    ("utc", "UTC"),
    ("gmt", "UTC"),
];

/// The zone of "EST".
pub(super) fn abbreviated(name: &str) -> Option<TimeZone> {
    let (_, id) = ABBREVIATIONS.iter().find(|(it, _)| *it == name)?;
    TimeZone::get(id).ok()
}

/// The zone of a place, with the database's name for it.
pub fn zone(place: &str) -> Option<TimeZone> {
    let asked = place.trim().trim_end_matches(['?', '.', '!']).to_lowercase();
    let listed = PLACES
        .iter()
        .chain(ABBREVIATIONS)
        .find(|(name, _)| *name == asked)
        .map(|(_, id)| (*id).to_owned());
    let spaced = asked.replace(' ', "_");
    let id = listed.or_else(|| {
        let is_city =
            |id: &str| id.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(&spaced));
        let cities = || tz::db().available().map(|name| name.to_string());
        cities()
            .find(|id| id.eq_ignore_ascii_case(&spaced))
            .or_else(|| cities().filter(|id| id.contains('/') && is_city(id)).min())
    })?;
    TimeZone::get(&id).ok()
}
