//! Recognises secrets in a text, also in disguise: base64, hex, URL-encoded, reversed, split.
//!
//! Text and needles are reduced to their letters and digits, lower case, so that separators and
//! cuts don't hide a value. Then one pass over the text finds every place where eight characters
//! of a needle begin, and follows each.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::secret::Secret;

/// Shorter values are found only when they stand alone as a word; anything else would find
/// them everywhere.
const GRAM: usize = 8;
const WORD_CHARS_MIN: usize = 4;
/// A piece of a long value this long counts as the value; of a shorter one, half of it does.
const PIECE_MAX: usize = 20;
const DECODINGS_MAX: usize = 3;

/// The values to look for. Without `Debug` and the like: it holds them.
#[derive(Default)]
pub struct Watch {
    names: Vec<String>,
    needles: Vec<Needle>,
    /// Where in which needle each run of [`GRAM`] bytes stands.
    grams: HashMap<[u8; GRAM], Vec<(usize, usize)>>,
    /// Values as they are: short ones, and those with few letters and digits.
    plain: Vec<(usize, Secret)>,
}

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
        let backwards = Zeroizing::new(text.iter().rev().copied().collect::<Vec<u8>>());
        for text in [text, backwards] {
            let half = text.len().div_ceil(2).min(PIECE_MAX);
            let piece = if half < GRAM { text.len() } else { half };
            let id = self.needles.len();
            for (at, gram) in text.windows(GRAM).enumerate().take(text.len() - piece + 1) {
                let gram = gram.try_into().expect("a window has its length");
                self.grams.entry(gram).or_default().push((id, at));
            }
            self.needles.push(Needle { name, text, piece });
        }
    }

    /// The name of a secret that `text` holds, in whatever form.
    pub fn find(&self, text: &str) -> Option<&str> {
        let mut text = std::borrow::Cow::Borrowed(text);
        for _ in 0..=DECODINGS_MAX {
            if let Some(name) = self.find_plain(&text).or_else(|| self.find_reduced(&text)) {
                return Some(&self.names[name]);
            }
            let Some(decoded) = percent_decoded(&text) else { break };
            text = decoded.into();
        }
        None
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

    fn find_plain(&self, text: &str) -> Option<usize> {
        let found = self.plain.iter().find(|(_, value)| {
            let value = value.expose();
            text.match_indices(value).any(|(at, _)| {
                let stands_alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                GRAM <= value.len()
                    || stands_alone(text[..at].chars().next_back())
                        && stands_alone(text[at + value.len()..].chars().next())
            })
        });
        found.map(|(name, _)| *name)
    }

    fn find_reduced(&self, text: &str) -> Option<usize> {
        if self.grams.is_empty() {
            return None;
        }
        let text = reduced(text);
        for (at, gram) in text.windows(GRAM).enumerate() {
            let gram: &[u8; GRAM] = gram.try_into().expect("a window has its length");
            for (id, start) in self.grams.get(gram).into_iter().flatten() {
                let needle = &self.needles[*id];
                let same =
                    needle.text[*start..].iter().zip(&text[at..]).take_while(|(a, b)| a == b);
                if needle.piece <= same.count() {
                    return Some(needle.name);
                }
            }
        }
        None
    }
}

/// Letters and digits, lower case.
fn reduced(text: &str) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars().filter(|c| c.is_alphanumeric()) {
        kept.extend(c.to_lowercase());
    }
    Zeroizing::new(std::mem::take(&mut *kept).into_bytes())
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
