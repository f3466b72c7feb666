//! Amounts: "1,250.00", "€1250", "twenty-five euros", "2 million". Exact or not at all: what could
//! be read in two ways grounds nothing.

use std::collections::HashMap;

use super::fold::{self, Piece};
use super::money::{self, Unit};
use super::places::Place;
use super::spelled::{self, factor, small};

const DIGITS_MAX: usize = 18;

/// The amounts that were said, each with the units it was said in.
#[derive(Clone, Default)]
pub struct Amounts {
    said: HashMap<String, Vec<Option<Unit>>>,
    units: Vec<Unit>,
}

/// One amount: digits without anything that could be written otherwise, and its unit if named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    number: String,
    unit: Option<Unit>,
}

impl Amounts {
    pub fn add(&mut self, amount: Amount) {
        if let Some(unit) = amount.unit {
            self.name(unit);
        }
        let units = self.said.entry(amount.number).or_default();
        if !units.contains(&amount.unit) {
            units.push(amount.unit);
        }
    }

    /// A unit was named, with an amount or without.
    pub fn name(&mut self, unit: Unit) {
        if !self.units.contains(&unit) {
            self.units.push(unit);
        }
    }

    /// A unit has to be said with the number. Where the value leaves it out any will do, but cents
    /// are no euros.
    pub fn ground(&self, value: &Amount) -> bool {
        let agrees = |said: &Option<Unit>| match (said, value.unit) {
            (Some(said), None) => !said.is_minor(),
            (said, unit) => *said == unit,
        };
        self.said.get(&value.number).is_some_and(|units| units.iter().any(agrees))
    }

    pub fn names(&self, unit: Unit) -> bool {
        self.units.contains(&unit)
    }
}

/// The amounts that a message names. A number that stands for something else is none, and where one
/// has its unit, a bare one is only where it is said to be money.
pub fn said(pieces: &[Piece<'_>], taken: &dyn Fn(&Piece<'_>) -> bool) -> Vec<Amount> {
    let mut found: Vec<(Amount, Place<'_, '_>)> = Vec::new();
    scan(pieces, taken, &mut |amount, (at, end)| found.push((amount, Place { pieces, at, end })));
    let mut shared = false;
    let places: Vec<(bool, bool)> = (0..found.len())
        .map(|number| {
            let (_, place) = &found[number];
            let next = found.get(number + 1).map(|(_, next)| next.at);
            let shares = next.is_some_and(|next| place.shares_a_unit(next));
            // In "invoice 900 EUR 20" the unit is of the second, else of the first.
            let lost = std::mem::replace(&mut shared, shares && !place.is_name());
            (lost, shares && place.is_name())
        })
        .collect();
    let units = found.iter().any(|(amount, _)| amount.unit.is_some());
    let bare = |place: &Place<'_, '_>| !place.is_name() && (place.is_money() || !units);
    let is_meant = |(amount, place): &(Amount, Place<'_, '_>)| {
        !place.is_part() && (amount.unit.is_some() || bare(place))
    };
    let meant =
        found.into_iter().zip(places).filter(|(it, lost)| *lost == (false, false) && is_meant(it));
    meant.map(|((amount, _), _)| amount).collect()
}

/// Whether two values are the same number, and `words` leaves open of what.
pub fn is_same_number(words: &str, value: &str) -> bool {
    let (Some(words), Some(value)) = (amount(words), amount(value)) else { return false };
    words.unit.is_none() && words.number == value.number
}

/// Reads an argument that is an amount and nothing else.
pub fn amount(value: &str) -> Option<Amount> {
    let pieces: Vec<Piece<'_>> = fold::pieces(value).collect();
    let mut found = Vec::new();
    scan(&pieces, &|_| false, &mut |amount, _| found.push(amount));
    let whole = value
        .trim()
        .ends_with(|c: char| c.is_alphanumeric() || money::unit(&c.to_string()).is_some());
    // `scan` finds amounts among other words; here nothing else may stand beside it.
    let alone = pieces.iter().all(|piece| !piece.quoted && is_of_a_number(piece.text));
    let only = if found.len() == 1 { found.pop() } else { None };
    only.filter(|_| whole && alone)
}

/// A number of JSON.
pub fn plain(number: &str) -> Option<Amount> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let fits = !whole.is_empty() && all_digits(whole) && all_digits(fraction);
    fits.then(|| Amount { number: normal(sign, whole, fraction), unit: None })
}

fn is_of_a_number(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        || money::unit(text).is_some()
        || small(text).is_some()
        || factor(text).is_some()
        || text.eq_ignore_ascii_case("and")
}

/// Finds the amounts among these pieces; those that are `taken` belong to a date or the like.
fn scan(
    pieces: &[Piece<'_>],
    taken: &dyn Fn(&Piece<'_>) -> bool,
    found: &mut dyn FnMut(Amount, (usize, usize)),
) {
    let mut at = 0;
    while at < pieces.len() {
        if taken(&pieces[at]) {
            at += 1;
            continue;
        }
        let read = digits_at(pieces, at).or_else(|| words_at(pieces, at));
        match read {
            None => at += 1,
            Some((number, end)) => {
                let free = !pieces[at..end].iter().any(taken);
                if let Some(number) = number.filter(|_| free)
                    && let Some(amount) = with_unit(pieces, at, end, number)
                {
                    found(amount, (at, end));
                }
                at = end;
            }
        }
    }
}

/// What the digits say, and the unit that is written on to them.
type Read = (String, Option<Unit>);

/// A run of pieces that are all digits is one number, or nothing that can be told apart.
fn digits_at(pieces: &[Piece<'_>], at: usize) -> Option<(Option<Read>, usize)> {
    let first = split_unit(pieces[at].text)?;
    let mut end = at + 1;
    while first.after.is_none() && end < pieces.len() && !pieces[end - 1].closed {
        let Some(next) = split_unit(pieces[end].text).filter(|it| it.before.is_none()) else {
            break;
        };
        end += 1;
        if next.after.is_some() {
            break;
        }
    }
    let count = end - at;
    let last = split_unit(pieces[end - 1].text)?;
    let unit = first.before.or(last.after);
    if first.before.is_some() && last.after.is_some() {
        return Some((None, end));
    }
    let number = if count == 1 {
        read_digits(first.sign, first.digits, unit.or_else(|| unit_beside(pieces, at, end)))
    } else {
        let groups: Vec<&str> = pieces[at..end]
            .iter()
            .filter_map(|it| split_unit(it.text))
            .map(|it| it.digits)
            .collect();
        // "invoice 7 350 euros" may be two numbers; a unit in front or a fraction behind says it is one.
        let led = first.before.is_some()
            || at > 0 && !pieces[at - 1].closed && money::unit(pieces[at - 1].text).is_some();
        let fraction = last.digits.contains([',', '.']);
        if led || fraction { read_groups(first.sign, &groups) } else { None }
    };
    let multiplied =
        pieces.get(end).filter(|_| !pieces[end - 1].closed).and_then(|it| factor(it.text));
    match (number, multiplied) {
        (Some(number), Some(zeros)) => {
            Some((times(&number, zeros).map(|number| (number, unit)), end + 1))
        }
        (number, None) => Some((number.map(|number| (number, unit)), end)),
        (None, Some(_)) => Some((None, end + 1)),
    }
}

struct Split<'t> {
    before: Option<Unit>,
    sign: &'static str,
    digits: &'t str,
    after: Option<Unit>,
}

/// "€-1,250.00" in its parts; none if there is something else in it.
fn split_unit(text: &str) -> Option<Split<'_>> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (mut before, after) = (&text[..start], &text[end..]);
    let mut sign = "";
    for minus in ['-', '−'] {
        if let Some(rest) = before.strip_suffix(minus).or_else(|| before.strip_prefix(minus)) {
            (before, sign) = (rest, "-");
            break;
        }
    }
    let unit = |text: &str| match text.trim_start_matches('#') {
        "" => Some(None),
        text => money::unit(text).map(Some),
    };
    let digits = &text[start..end];
    let plain = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '\'' | '’'));
    plain.then_some(Split { before: unit(before)?, sign, digits, after: unit(after)? })
}

/// Digits with marks between them, where there is only one way to read them.
fn read_digits(sign: &str, digits: &str, unit: Option<Unit>) -> Option<String> {
    let marks: Vec<char> = digits.chars().filter(|c| !c.is_ascii_digit()).collect();
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return whole(sign, digits, "");
    };
    let is_decimal = |mark: char| matches!(mark, ',' | '.');
    if marks.iter().all(|mark| mark == first) {
        let groups: Vec<&str> = digits.split(*first).collect();
        let thousands = are_thousands(&groups);
        if marks.len() > 1 || !is_decimal(*first) {
            return if thousands { whole(sign, &groups.concat(), "") } else { None };
        }
        if !thousands {
            return whole(sign, groups[0], groups[1]);
        }
        // "1.250": money has two places, so with a currency it can only be thousands.
        return if unit.is_some_and(Unit::has_two_places) {
            whole(sign, &groups.concat(), "")
        } else {
            None
        };
    }
    let (front, fraction) = digits.rsplit_once(*last)?;
    let groups: Vec<&str> = front.split(*first).collect();
    let ends = is_decimal(*last) && marks[..marks.len() - 1].iter().all(|mark| mark == first);
    if ends && are_thousands(&groups) { whole(sign, &groups.concat(), fraction) } else { None }
}

/// "1 250,00" as pieces.
fn read_groups(sign: &str, groups: &[&str]) -> Option<String> {
    let (last, front) = groups.split_last()?;
    let (last, fraction) = match last.find([',', '.']) {
        Some(mark) => (&last[..mark], &last[mark + 1..]),
        None => (*last, ""),
    };
    let groups: Vec<&str> = front.iter().copied().chain([last]).collect();
    if are_thousands(&groups) { whole(sign, &groups.concat(), fraction) } else { None }
}

/// "1", "250", "000": one to three digits, then three each.
fn are_thousands(groups: &[&str]) -> bool {
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let (first, rest) = match groups.split_first() {
        Some((first, rest)) => (*first, rest),
        None => return false,
    };
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && digits(first)
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && digits(group))
}

/// A number with a nought in front is a code, not an amount.
fn whole(sign: &str, digits: &str, fraction: &str) -> Option<String> {
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let fits =
        digits.len() + fraction.len() <= DIGITS_MAX && all_digits(digits) && all_digits(fraction);
    let code = digits.len() > 1 && digits.starts_with('0');
    (fits && !code && !digits.is_empty()).then(|| normal(sign, digits, fraction))
}

fn normal(sign: &str, digits: &str, fraction: &str) -> String {
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{digits}"),
        fraction => format!("{sign}{digits}.{fraction}"),
    }
}

fn times(number: &str, zeros: usize) -> Option<String> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let moved = format!("{fraction:0<zeros$}");
    whole_or_zero(sign, &format!("{digits}{}", &moved[..zeros]), &moved[zeros..])
}

fn whole_or_zero(sign: &str, digits: &str, fraction: &str) -> Option<String> {
    (digits.len() + fraction.len() <= DIGITS_MAX).then(|| normal(sign, digits, fraction))
}

fn words_at(pieces: &[Piece<'_>], at: usize) -> Option<(Option<Read>, usize)> {
    let has_digits = |text: &str| split_unit(text).is_some();
    let (number, end) = spelled::number_at(pieces, at, &has_digits)?;
    Some((number.map(|number| (number.to_string(), None)), end))
}

/// The amount with the unit on it or beside it; "one" by itself is no number but a word.
fn with_unit(pieces: &[Piece<'_>], at: usize, end: usize, (number, unit): Read) -> Option<Amount> {
    let unit = unit.or_else(|| unit_beside(pieces, at, end));
    let bare_one = end == at + 1 && unit.is_none() && fold::plain(pieces[at].text) == "one";
    (!bare_one).then_some(Amount { number, unit })
}

/// The unit behind these pieces, else the one in front of them.
fn unit_beside(pieces: &[Piece<'_>], at: usize, end: usize) -> Option<Unit> {
    let open = !pieces[end - 1].closed;
    let behind = pieces.get(end..).filter(|_| open).unwrap_or_default();
    let two = behind.get(..2).map(|two| format!("{} {}", two[0].text, two[1].text));
    two.and_then(|two| money::unit(&two))
        .or_else(|| behind.first().and_then(|piece| money::unit(piece.text)))
        .or_else(|| {
            let before = pieces[..at].last().filter(|before| !before.closed)?;
            money::leading_unit(before.text)
        })
}
