//! Currencies by sign, code and name, and per cent.

use super::fold;

/// A currency, its hundredth part, or per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit(&'static str);

/// By the name in front; in lower case without accents. A sign that several countries use stands
/// for none of them but itself, with the one that has no other sign.
const UNITS: &[(&str, &[&str])] = &[
    ("EUR", &["€", "eur", "euro", "euros"]),
    ("USD", &["$", "us$", "usd", "dollar", "dollars", "bucks", "us dollars", "us dollar"]),
    ("GBP", &["£", "gbp", "pound", "pounds", "quid", "pounds sterling"]),
    ("CHF", &["chf", "sfr", "franken", "swiss francs", "swiss franc"]),
    ("JPY", &["¥", "jpy", "yen"]),
    ("CNY", &["cny", "rmb", "yuan", "renminbi"]),
    ("CAD", &["cad", "c$", "ca$", "canadian dollars", "canadian dollar"]),
    ("AUD", &["aud", "a$", "au$", "australian dollars", "australian dollar"]),
    ("NZD", &["nzd", "nz$", "zealand dollars"]),
    ("SGD", &["sgd", "s$", "singapore dollars"]),
    ("HKD", &["hkd", "hk$"]),
    ("MXN", &["mxn", "mex$"]),
    ("BRL", &["brl", "r$", "reais", "real"]),
    ("INR", &["₹", "inr", "rupee", "rupees"]),
    ("SEK", &["sek", "swedish kronor", "kronor"]),
    ("NOK", &["nok", "norwegian kroner"]),
    ("DKK", &["dkk", "danish kroner"]),
    ("kr", &["kr", "kroner"]),
    ("PLN", &["pln", "zł", "zl", "zloty", "zlotys"]),
    ("CZK", &["czk", "kc", "koruna", "korun"]),
    ("HUF", &["huf", "ft", "forint", "forints"]),
    ("RUB", &["₽", "rub", "ruble", "rubles", "roubles"]),
    ("UAH", &["₴", "uah", "hryvnia"]),
    ("TRY", &["₺", "try", "lira"]),
    ("ILS", &["₪", "ils", "shekel", "shekels"]),
    ("KRW", &["₩", "krw", "won"]),
    ("KWD", &["kwd", "kuwaiti dinars"]),
    ("BHD", &["bhd", "bahraini dinars"]),
    ("TND", &["tnd", "tunisian dinars"]),
    ("BTC", &["₿", "btc", "bitcoin", "bitcoins"]),
    ("ETH", &["eth", "ether"]),
    ("cent", &["cent", "cents", "ct", "¢"]),
    ("penny", &["pence", "penny", "p"]),
    ("%", &["%", "percent"]),
];
/// Verbs and other words that are a currency only behind a number.
const ONLY_BEHIND: &[&str] =
    &["try", "real", "won", "pound", "p", "ft", "cent", "penny", "ct", "ether", "bucks", "quid"];
const NOT_TWO_PLACES: &[&str] = &["KWD", "BHD", "TND", "BTC", "ETH", "%"];

impl Unit {
    /// A part of another unit: 50 cents are not 50.
    pub fn is_minor(self) -> bool {
        matches!(self.0, "cent" | "penny")
    }

    pub fn has_two_places(self) -> bool {
        !self.is_minor() && !NOT_TWO_PLACES.contains(&self.0)
    }
}

pub fn unit(text: &str) -> Option<Unit> {
    let text = fold::plain(text);
    UNITS.iter().find(|(_, names)| names.contains(&&*text)).map(|(name, _)| Unit(name))
}

/// A unit that is written in front of its number: "EUR 20".
pub fn leading_unit(text: &str) -> Option<Unit> {
    unit(text).filter(|_| !ONLY_BEHIND.contains(&&*fold::plain(text)))
}
