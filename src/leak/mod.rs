//! Recognises secrets in a text, also in disguise: base64, hex, URL-encoded, reversed, split.
//!
//! Text and needles are reduced to their letters and digits, lower case, so that separators and
//! cuts don't hide a value. Then one pass over the text finds every place where eight characters
//! of a needle begin, and follows each.

mod mask;
mod sieve;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use sieve::Sieve;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::spelling::entities;
pub use mask::Mask;

/// Shorter values are found only when they stand alone as a word; anything else would find
/// them everywhere.
const GRAM: usize = 8;
const WORD_CHARS_MIN: usize = 4;
/// A piece of a long value this long counts as the value; of a shorter one, half of it does.
const PIECE_MAX: usize = 20;
const DECODINGS_MAX: usize = 3;

/// The values to look for. Without `Debug` and the like: it holds them.
#[derive(Clone, Default)]
pub struct Watch {
    names: Vec<String>,
    needles: Vec<Needle>,
    /// Where in which needle each run of [`GRAM`] bytes stands.
    grams: HashMap<[u8; GRAM], Vec<(usize, usize)>>,
    /// A bit for each gram: most of an ordinary text is seen to be none without looking it up.
    sieve: Sieve,
    /// Values as they are: short ones, and those with few letters and digits.
    plain: Vec<(usize, Secret)>,
}

#[derive(Clone)]
struct Needle {
    name: usize,
    text: Zeroizing<Vec<u8>>,
    /// So many bytes in a row are a leak.
    piece: usize,
}

impl Watch {
    /// Looks for `value` from now on; `name` is what a find is called.
    pub fn add(&mut self, name: &str, value: &Secret) {
        let index = self.names.len();
        self.names.push(name.to_owned());
        let bytes = value.expose().as_bytes();
        if value.expose().chars().count() >= WORD_CHARS_MIN {
            self.plain.push((index, value.clone()));
        }
        if bytes.len() < GRAM {
            return;
        }
        self.add_needle(index, reduced(value.expose()));
        self.add_needle(index, Zeroizing::new(hex::encode(bytes).into_bytes()));
        for shift in 0..3 {
            self.add_needle(index, base64_inside(bytes, shift));
        }
    }

    fn add_needle(&mut self, name: usize, text: Zeroizing<Vec<u8>>) {
        if text.len() < GRAM {
            return;
        }
        // Letter by letter, as somebody writes it; all needles are text.
        let letters = str::from_utf8(&text).unwrap_or_default().chars().rev();
        let backwards = Zeroizing::new(letters.collect::<String>().into_bytes());
        for text in [text, backwards] {
            let half = text.len().div_ceil(2).min(PIECE_MAX);
            let piece = if half < GRAM { text.len() } else { half };
            let id = self.needles.len();
            for (at, gram) in text.windows(GRAM).enumerate().take(text.len() - piece + 1) {
                let gram = gram.try_into().expect("a window has its length");
                self.sieve.add(&gram);
                self.grams.entry(gram).or_default().push((id, at));
            }
            self.needles.push(Needle { name, text, piece });
        }
    }

    /// The name of a secret that `text` holds, in whatever form.
    pub fn find(&self, text: &str) -> Option<&str> {
        if self.names.is_empty() {
            return None;
        }
        let holds = |text: &str| self.find_plain(text).or_else(|| self.find_reduced(text));
        let named = |name: usize| self.names[name].as_str();
        let mut text = Cow::Borrowed(text);
        for _ in 0..=DECODINGS_MAX {
            if let Some(name) = holds(&text) {
                return Some(named(name));
            }
            // One kind of writing may be a secret's own; so each is undone alone, and then both.
            let (percent, entities) = (percent_decoded(&text), entities::decoded(&text));
            let one = [&percent, &entities].into_iter().flatten().find_map(|it| holds(it));
            if let Some(name) = one {
                return Some(named(name));
            }
            let both = percent.map(|it| entities::decoded(&it).unwrap_or(it));
            let Some(decoded) = both.or(entities) else { break };
            text = decoded.into();
        }
        None
    }

    /// `text` with what it holds of secrets replaced; `None` when it holds nothing.
    pub fn masked_text(&self, text: &str) -> Option<String> {
        self.find(text)?;
        let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((name, span)) = self.next_span(rest) {
            masked.push_str(&rest[..span.start]);
            masked.push_str(&self.hidden(name));
            rest = &rest[span.end..];
        }
        masked.push_str(rest);
        // What shows only once it is decoded has no place of its own: its whole word goes.
        if self.find(&masked).is_some() {
            let word = |word: &str| self.find(word).map(|_| "[hidden]".to_owned());
            let words = masked.split_inclusive(char::is_whitespace);
            masked = words.map(|it| word(it).unwrap_or_else(|| it.to_owned())).collect();
        }
        Some(self.find(&masked).map_or(masked.clone(), |name| format!("[hidden: {name}]")))
    }

    /// `text` as it may be stored and shown.
    pub fn shown(&self, text: &str) -> String {
        self.masked_text(text).unwrap_or_else(|| text.to_owned())
    }

    /// The end of `text` that may be the beginning of a secret: so many bytes.
    pub(super) fn unfinished(&self, text: &str) -> usize {
        if self.names.is_empty() {
            return 0;
        }
        let (reduced, places) = placed(text);
        let begun = |whole: &[u8], so_far: &[u8]| {
            (1..=whole.len().min(so_far.len())).rev().find(|n| so_far.ends_with(&whole[..*n]))
        };
        let needles = self.needles.iter().filter_map(|it| begun(&it.text, &reduced));
        let from = needles.max().map_or(text.len(), |n| places[places.len() - n]);
        let plain =
            self.plain.iter().filter_map(|(_, it)| begun(it.expose().as_bytes(), text.as_bytes()));
        let mut from = from.min(text.len() - plain.max().unwrap_or(0));
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        text.len() - from
    }

    /// The same for all strings, numbers and field names of a JSON value, also where the parts of
    /// one secret stand in several of them.
    pub fn find_in(&self, value: &Value) -> Option<&str> {
        let (mut texts, mut names) = (Vec::new(), Vec::new());
        collect(value, &mut texts, &mut names);
        texts.append(&mut names);
        let found = texts.iter().find_map(|text| self.find(text));
        found.or_else(|| self.find(&texts.concat()))
    }

    /// `value` with each string that holds a secret replaced, for rows and logs.
    pub fn masked(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.find(text) {
                Some(name) => Value::String(format!("[hidden: {name}]")),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.masked(item)).collect(),
            Value::Object(fields) => {
                let mask = |(key, value): (&String, &Value)| match self.find(key) {
                    Some(name) => (format!("[hidden: {name}]"), self.masked(value)),
                    None => (key.clone(), self.masked(value)),
                };
                let fields: Value = fields.iter().map(mask).collect();
                // The parts of a secret that was cut in pieces are hidden all together.
                match self.find_in(&fields) {
                    Some(name) => Value::String(format!("[hidden: {name}]")),
                    None => fields,
                }
            }
            other => match self.find(&other.to_string()) {
                Some(name) => Value::String(format!("[hidden: {name}]")),
                None => value.clone(),
            },
        }
    }

    pub(super) fn hidden(&self, name: usize) -> String {
        format!("[hidden: {}]", self.names[name])
    }

    pub(super) fn next_span(&self, text: &str) -> Option<(usize, Range<usize>)> {
        if self.names.is_empty() {
            return None;
        }
        let plain = self.plain_span(text);
        let reduced = self.reduced_span(text);
        [plain, reduced]
            .into_iter()
            .flatten()
            .min_by_key(|(_, span)| (span.start, usize::MAX - span.end))
    }

    fn find_plain(&self, text: &str) -> Option<usize> {
        self.plain_span(text).map(|(name, _)| name)
    }

    fn plain_span(&self, text: &str) -> Option<(usize, Range<usize>)> {
        let spans = self.plain.iter().filter_map(|(name, value)| {
            let value = value.expose();
            let mut places = text.match_indices(value).map(|(at, _)| at..at + value.len());
            let stands_alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let fits = |span: &Range<usize>| {
                GRAM <= value.len()
                    || stands_alone(text[..span.start].chars().next_back())
                        && stands_alone(text[span.end..].chars().next())
            };
            Some((*name, places.find(fits)?))
        });
        spans.min_by_key(|(_, span)| span.start)
    }

    fn find_reduced(&self, text: &str) -> Option<usize> {
        if self.grams.is_empty() {
            return None;
        }
        self.first_piece(&reduced(text)).map(|(name, _)| name)
    }

    fn reduced_span(&self, text: &str) -> Option<(usize, Range<usize>)> {
        let (reduced, places) = placed(text);
        let (name, piece) = self.first_piece(&reduced)?;
        let last = places[piece.end - 1];
        let end = text[last..].chars().next().map_or(text.len(), |c| last + c.len_utf8());
        Some((name, places[piece.start]..end))
    }

    /// The first place in a reduced text where enough of a needle stands.
    fn first_piece(&self, text: &[u8]) -> Option<(usize, Range<usize>)> {
        for (at, gram) in text.windows(GRAM).enumerate() {
            let gram: &[u8; GRAM] = gram.try_into().expect("a window has its length");
            if !self.sieve.may_hold(gram) {
                continue;
            }
            let longest = self.grams.get(gram).into_iter().flatten().filter_map(|(id, start)| {
                let needle = &self.needles[*id];
                let same =
                    needle.text[*start..].iter().zip(&text[at..]).take_while(|(a, b)| a == b);
                Some((needle.name, same.count())).filter(|(_, same)| needle.piece <= *same)
            });
            if let Some((name, same)) = longest.max_by_key(|(_, same)| *same) {
                return Some((name, at..at + same));
            }
        }
        None
    }
}

/// Letters and digits, lower case.
fn reduced(text: &str) -> Zeroizing<Vec<u8>> {
    if text.is_ascii() {
        let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
        return Zeroizing::new(kept.map(|byte| byte.to_ascii_lowercase()).collect());
    }
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars().filter(|c| c.is_alphanumeric()) {
        kept.extend(c.to_lowercase());
    }
    Zeroizing::new(std::mem::take(&mut *kept).into_bytes())
}

/// The same, and for each of its bytes where in `text` its letter begins.
fn placed(text: &str) -> (Zeroizing<Vec<u8>>, Vec<usize>) {
    let mut places = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let bytes: usize = c.to_lowercase().map(char::len_utf8).sum();
        places.resize(places.len() + bytes, at);
    }
    (reduced(text), places)
}

/// What `bytes` look like within a base64 text (RFC 4648) when `shift` other bytes come first in
/// their group of three: only the characters that depend on `bytes` alone.
fn base64_inside(bytes: &[u8], shift: usize) -> Zeroizing<Vec<u8>> {
    let padded = Zeroizing::new([&[0; 2][..shift], bytes].concat());
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded));
    let first = [0, 2, 3][shift];
    let last = padded.len() / 3 * 4 + [0, 1, 2][padded.len() % 3];
    reduced(&encoded[first..last.max(first)])
}

fn percent_decoded(text: &str) -> Option<String> {
    text.find('%')?;
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut changed = false;
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let mut byte = [bytes[at]];
        if pair.is_some_and(|pair| hex::decode_to_slice(pair, &mut byte).is_ok()) {
            changed = true;
            at += 2;
        }
        decoded.push(byte[0]);
        at += 1;
    }
    changed.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

/// The names come apart, so that nothing stands between the parts of a value that was cut.
fn collect(value: &Value, texts: &mut Vec<String>, names: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts, names)),
        Value::Object(fields) => {
            names.extend(fields.keys().cloned());
            fields.values().for_each(|value| collect(value, texts, names));
        }
        Value::Number(number) => texts.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}
