//! Whether something is said to come again: "every monday", "on tuesdays", "once a week".

use jiff::Zoned;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::times::counts_nothing;
use super::when::Said;
use super::words::{self, Cursor, Word};
use super::{amounts, at_start, days, read_at};

const AGAIN: &[&str] =
    &["every", "each", "daily", "weekly", "monthly", "yearly", "annually", "hourly"];
const ADVERBS: &[&str] = &["daily", "nightly", "hourly", "weekly", "monthly", "yearly", "annually"];
const PARTS: &[&str] = &["mornings", "afternoons", "evenings", "nights"];
const KINDS_OF_DAYS: &[&str] = &["weekdays", "weekends", "workdays"];
/// Behind one of these stands what to be reminded of, not when.
const TOPICS: &[&str] = &["that", "about", "of"];

/// Whether the text asks for something again and again.
pub fn repeats(text: &str) -> bool {
    let words = words::cut(text);
    let first = words.first().is_some_and(|word| AGAIN.contains(&word.text.as_str()));
    let each = |pair: &[Word]| {
        AGAIN[..2].contains(&pair[0].text.as_str())
            && (day_word(&pair[1]) || words::number(&pair[1].text).is_some())
    };
    first || words.windows(2).any(each) || has_habit(text, &words)
}

fn day_word(word: &Word) -> bool {
    let named = ["morning", "evening", "afternoon", "night", "weekday", "other"];
    let words = std::slice::from_ref(word);
    let weekday = days::day(&mut Cursor::new(words, 0), date(2000, 1, 1)).is_some();
    weekday || amounts::unit(&word.text).is_some() || named.contains(&word.text.as_str())
}

/// How sure it is that words mean a habit, wherever they stand.
#[derive(PartialEq)]
enum Habit {
    /// "on tuesdays", "tuesday mornings"
    Led,
    /// "tuesdays"
    Bare,
    /// "once a week"
    Counted,
    /// "daily"
    Adverb,
}

/// Whether such words stand where the moment stands. "The shop closes on mondays" may well be what
/// to be reminded of tomorrow.
fn has_habit(text: &str, words: &[Word]) -> bool {
    let Ok(now) = date(2000, 1, 1).at(12, 0, 0, 0).to_zoned(TimeZone::UTC) else { return false };
    let opening = at_start(words, &now);
    let is_dated = |said: &Said| !matches!(said, Said::Parts { day: None, .. });
    let dated = opening.as_ref().is_some_and(|(said, _)| is_dated(said));
    let topic = words.first().is_some_and(|word| TOPICS.contains(&word.text.as_str()));
    (0..words.len()).any(|at| {
        let mut c = Cursor::new(words, at);
        let Some(habit) = habit(&mut c, text, words) else { return false };
        let bounded = habit != Habit::Adverb || counts_nothing(&c) || is_time(&c, &now);
        let touches = opening.as_ref().is_some_and(|(_, place)| place.end == at);
        let tail = match read_at(words, c.at, &now) {
            None => c.is_done(),
            Some((said, place)) => {
                place.end == words.len() && (habit == Habit::Counted || !is_dated(&said))
            }
        };
        let placed = at == 0 || !dated && touches;
        let trails = !dated && !topic && tail && habit != Habit::Bare;
        bounded && (placed || trails)
    })
}

fn is_time(c: &Cursor<'_>, now: &Zoned) -> bool {
    let mut ahead = *c;
    ahead.peek() == Some("at") && super::when::said(&mut ahead, now).is_some()
}

fn habit(c: &mut Cursor<'_>, text: &str, words: &[Word]) -> Option<Habit> {
    if c.attempt(counted).is_some() {
        return Some(Habit::Counted);
    }
    if c.take_any(ADVERBS).is_some() {
        return Some(Habit::Adverb);
    }
    let led = c.take_any(&["on", "in", "at"]).is_some();
    c.take("the");
    let of_weekday = c.attempt(|c| {
        days::is_weekday(c.next()?).then_some(())?;
        c.peek().filter(|word| PARTS.contains(word))
    });
    let at = c.at;
    let word = c.next()?;
    let weekday = word.strip_suffix("days").is_some() && days::is_weekday(&word[..word.len() - 1]);
    let plural = weekday || PARTS.contains(&word) || KINDS_OF_DAYS.contains(&word);
    // "Mondays' plan"
    let owns = text[words[at].range.end..].starts_with(['\'', '’']);
    (plural && !owns).then_some(())?;
    Some(if led || of_weekday.is_some() { Habit::Led } else { Habit::Bare })
}

/// "once a week", "three times a day".
fn counted(c: &mut Cursor<'_>) -> Option<()> {
    if c.take_any(&["once", "twice"]).is_none() {
        words::number(c.next()?)?;
        c.take("times").then_some(())?;
    }
    c.take_any(&["a", "an", "per"])?;
    amounts::unit(c.next()?).map(|_| ())
}
