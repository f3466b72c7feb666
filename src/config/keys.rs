//! The table of keys, read from `config.example.toml`.
//!
//! In that file `# text` is what the next key is for, `#key = …` and `#[table]` (no space) are keys
//! that have no value until somebody names a table. `(live)` and `(secret)` end a key's text.

use std::sync::LazyLock;

use super::tools;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// What stands in a key's name for a word that the person chooses ...
const CHOSEN: &str = "NAME";
/// ... and for the name of a tool that somebody else offers.
const TOOL: &str = "mcp__SERVER__TOOL";

const CHOSEN_BYTES_MAX: usize = 40;

/// How alike two names must be for one to be proposed for the other: 0 not at all, 1 the same.
const LIKENESS_MIN: f64 = 0.55;

#[derive(Debug, Clone)]
pub struct Key {
    /// Dotted, such as `server.listen`; `models.providers.NAME.kind` stands for every provider's.
    pub name: String,
    pub default: toml::Value,
    pub kind: Kind,
    /// One sentence of why.
    pub about: String,
    /// May be saved in Settings, and takes effect at once.
    pub live: bool,
    pub secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Whole,
    Switch,
    List,
    /// Dollars, or `none`.
    Money,
    /// Arguments of a tool, and what each means.
    Roles,
    /// What a tool's answers list.
    Lists,
}

impl Key {
    /// One of a family: its name holds a word that the person chooses.
    pub fn is_family(&self) -> bool {
        self.name.split('.').any(is_free)
    }

    fn names(&self, name: &str) -> bool {
        let (ours, given) = (self.name.split('.'), name.split('.'));
        ours.clone().count() == given.clone().count()
            && ours.zip(given).all(|(ours, given)| takes(ours, given))
    }
}

/// Whether this part of a key's name stands for words of a kind.
fn is_free(part: &str) -> bool {
    matches!(part, CHOSEN | TOOL)
}

/// Whether this part of a key's name may be written so.
fn takes(part: &str, word: &str) -> bool {
    match part {
        CHOSEN => chosen(word),
        TOOL => tools::is_name(word),
        part => part == word,
    }
}

/// A word that a person may choose for a table: also writable as a part of a variable's name.
fn chosen(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let borders = word.starts_with(['_', '-']) || word.ends_with(['_', '-']);
    !word.is_empty()
        && word.len() <= CHOSEN_BYTES_MAX
        && word.chars().all(plain)
        && !borders
        && !word.contains("__")
}

/// Every key, in the order of the file.
pub fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| read(EXAMPLE));
    &KEYS
}

/// The key of this name; a provider's key is found under the provider's own name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.names(name))
}

/// The other keys of the same table, for a family: `models.providers.home.kind` gives those of home.
pub(super) fn siblings(name: &str) -> Vec<(String, &'static Key)> {
    let Some((table, _)) = name.rsplit_once('.') else { return Vec::new() };
    let same = |key: &&Key| key.is_family();
    let named = keys().iter().filter(same).filter_map(|key| {
        let (_, last) = key.name.rsplit_once('.')?;
        let name = format!("{table}.{last}");
        key.names(&name).then_some((name, key))
    });
    named.collect()
}

/// The known key that is most like this one.
fn nearest(name: &str) -> Option<String> {
    let candidates = keys().iter().map(|key| fill(&key.name, name));
    nearest_of(name, candidates.filter(|name| !name.split('.').any(is_free)))
}

/// The tables that the house names itself: `server`, `models`, `models.providers`.
fn tables() -> impl Iterator<Item = String> {
    let above = |key: &'static Key| key.name.match_indices('.').map(move |(at, _)| &key.name[..at]);
    let tables = keys().iter().flat_map(above);
    tables.filter(|table| !table.rsplit('.').next().is_some_and(is_free)).map(str::to_owned)
}

/// Refuses a table that no key stands in; the error ends a sentence as [`unknown`] does.
pub(super) fn check_table(name: &str) -> Result<(), String> {
    if tables().any(|table| table == name) {
        return Ok(());
    }
    let instead = || match nearest_of(name, tables()) {
        Some(near) => format!("is not a table of settings; did you mean [{near}]?"),
        None => "is not a table of settings; `steward config show` lists them all".to_owned(),
    };
    Err(misnamed(name).unwrap_or_else(instead))
}

/// What is wrong with the word that a person chose for a table, if that is it.
fn misnamed(name: &str) -> Option<String> {
    let families = keys().iter().filter(|key| key.is_family());
    let (part, word) =
        families.map(|key| key.name.split('.').zip(name.split('.'))).find_map(|mut parts| {
            let wrong = parts.find(|(ours, given)| !takes(ours, given))?;
            is_free(wrong.0).then_some(wrong)
        })?;
    if part == TOOL {
        return Some(tools::misnamed(word));
    }
    let small = word.to_ascii_lowercase();
    let such = if chosen(&small) { format!(", such as {small}") } else { String::new() };
    Some(format!(
        "can't be read: a provider's name is up to {CHOSEN_BYTES_MAX} small letters, digits, - and \
         single _, with a letter or digit at both ends{such}"
    ))
}

/// What is wrong with a name that is no key; ends a sentence that begins with the name as written.
/// `spell` writes a key as this source would.
pub(super) fn unknown(name: &str, spell: impl Fn(&str) -> String) -> String {
    if let Some(why) = misnamed(name) {
        return why;
    }
    match nearest(name) {
        Some(near) => format!("is not a setting; did you mean {}?", spell(&near)),
        None => "is not a setting; `steward config show` lists them all".to_owned(),
    }
}

pub(super) fn nearest_of(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let likeness = |candidate: &String| {
        let whole = strsim::normalized_damerau_levenshtein(name, candidate);
        // The right word under the wrong heading is as good as a slip of the pen.
        let tail = candidate.rsplit('.').next().filter(|tail| *tail == last);
        whole.max(if tail.is_some() { 0.9 } else { 0.0 })
    };
    let scored = candidates.map(|candidate| (likeness(&candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

/// Puts the chosen word of `given` into a family's name.
fn fill(family: &str, given: &str) -> String {
    let mut given = given.split('.');
    let parts = family.split('.').map(|part| match (part, given.next()) {
        (part, Some(word)) if is_free(part) && takes(part, word) => word,
        (part, _) => part,
    });
    parts.collect::<Vec<_>>().join(".")
}

fn read(text: &str) -> Vec<Key> {
    let (mut table, mut about, mut keys) = (String::new(), String::new(), Vec::new());
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("# ") {
            about = words.to_owned();
        } else if let Some(name) = heading(line) {
            table = name.to_owned();
        } else if let Some((name, default)) = line.trim_start_matches('#').split_once(" = ") {
            keys.push(key(&format!("{table}.{name}"), default, &about));
        }
    }
    keys
}

fn heading(line: &str) -> Option<&str> {
    line.trim_start_matches('#').strip_prefix('[')?.strip_suffix(']')
}

fn key(name: &str, default: &str, about: &str) -> Key {
    let line: toml::Table =
        format!("it = {default}").parse().expect("the example file is tested to be TOML");
    let default = line["it"].clone();
    let kind = match &default {
        _ if name.ends_with("_usd") => Kind::Money,
        toml::Value::Integer(_) => Kind::Whole,
        toml::Value::Boolean(_) => Kind::Switch,
        toml::Value::Array(_) => Kind::List,
        toml::Value::Table(_) if name.ends_with(".lists") => Kind::Lists,
        toml::Value::Table(_) => Kind::Roles,
        _ => Kind::Text,
    };
    let (live, secret) = (about.ends_with("(live)"), about.ends_with("(secret)"));
    let about = about.trim_end_matches("(live)").trim_end_matches("(secret)").trim_end();
    Key { name: name.to_owned(), default, kind, about: about.to_owned(), live, secret }
}
