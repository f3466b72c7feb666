//! The config file: TOML, with `KEY_file = "/path"` for secrets.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Problems;
use super::keys::{self, Key, Kind};
use super::parse;
use super::source::{Setting, Source, Value};
use crate::secret::Secret;

/// Read when no `--config` is given, and no fault if it isn't there.
const USUAL: &str = "/etc/steward/config.toml";

/// A config file of more than this is some other file.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// A key or passphrase of more than this is some other file.
const SECRET_BYTES_MAX: u64 = 65_536;

/// The settings of the given file, or of the usual one.
pub(super) fn read(given: Option<&Path>, problems: &mut Problems) -> Vec<Setting> {
    let path = given.unwrap_or(Path::new(USUAL));
    match text_of(path, FILE_BYTES_MAX) {
        Ok(text) => settings(path, &text, problems),
        Err(Unreadable::Absent) if given.is_none() => Vec::new(),
        Err(why) => {
            let path = path.display();
            problems.add("config", format!("The config file {path} can't be read: {why}"));
            Vec::new()
        }
    }
}

fn settings(path: &Path, text: &str, problems: &mut Problems) -> Vec<Setting> {
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(err) => {
            let line = err.span().map_or(1, |span| line_of(text, span.start));
            let (path, why) = (path.display(), err.message().replace('\n', " "));
            problems.add("config", format!("{path} is not valid TOML at line {line}: {why}"));
            return Vec::new();
        }
    };
    let (mut leaves, mut found) = (Vec::new(), Vec::<Setting>::new());
    flatten("", &table, &mut leaves);
    let lines = lines(text);
    for (name, value) in leaves {
        let line = lines.get(&name).copied().unwrap_or(1);
        match setting(path, &name, value) {
            Ok(setting) => found.extend(setting),
            Err(why) => {
                let path = path.display();
                problems.add(name.clone(), format!("{path}, line {line}: {name} {why}"));
            }
        }
    }
    twice(path, &found, problems);
    found
}

/// A secret may come from one place in the file only.
fn twice(path: &Path, found: &[Setting], problems: &mut Problems) {
    for (at, setting) in found.iter().enumerate() {
        if found[..at].iter().any(|other| other.key == setting.key) {
            let (path, key) = (path.display(), &setting.key);
            problems.add(key, format!("{path}: set {key} or {key}_file, not both."));
        }
    }
}

/// None: a table that says nothing.
fn setting(path: &Path, name: &str, value: &toml::Value) -> Result<Option<Setting>, String> {
    let source = Source::File(path.to_owned());
    if let Some(key) = keys::find(name) {
        let value = parse::toml(key, value)?;
        return Ok(Some(Setting { key: name.to_owned(), value, source }));
    }
    if value.is_table() {
        return empty(name, source);
    }
    let Some((base, _)) = secret_of(name) else { return Err(keys::unknown(name, str::to_owned)) };
    let file = value.as_str().ok_or("must be the path of a file")?;
    let beside = path.parent().unwrap_or(Path::new(".")).join(file);
    let value = Value::Secret(secret(&beside)?);
    Ok(Some(Setting { key: base.to_owned(), value, source }))
}

/// A table without keys. One that a person named is there all the same, with what it lacks.
fn empty(table: &str, source: Source) -> Result<Option<Setting>, String> {
    let named = keys::siblings(&format!("{table}.")).into_iter().next();
    let Some((key, known)) = named else { return keys::check_table(table).map(|()| None) };
    let value = Value::Plain(known.default.clone());
    Ok(Some(Setting { key, value, source }))
}

/// The secret key that `KEY_file` stands for.
pub(super) fn secret_of(name: &str) -> Option<(&str, &'static Key)> {
    let base = name.strip_suffix("_file")?;
    let key = keys::find(base).filter(|key| key.secret)?;
    Some((base, key))
}

/// The content of a file that holds one secret, without its last line break.
pub(super) fn secret(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let text = text_of(path, SECRET_BYTES_MAX)
        .map_err(|why| format!("names the file {shown}, which can't be read: {why}"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("names the file {shown}, which is empty")),
        secret => Ok(Secret::new(secret)),
    }
}

/// The keys, and the tables that hold none. The roles of a tool's arguments, and what it lists, are
/// one key each: what stands in them others have named.
fn flatten<'a>(at: &str, table: &'a toml::Table, leaves: &mut Vec<(String, &'a toml::Value)>) {
    for (name, value) in table {
        let name = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        match value {
            toml::Value::Table(inner) if !inner.is_empty() && !is_key(&name) => {
                flatten(&name, inner, leaves);
            }
            value => leaves.push((name, value)),
        }
    }
}

/// Whether a table is a key as a whole.
fn is_key(name: &str) -> bool {
    keys::find(name).is_some_and(|key| matches!(key.kind, Kind::Roles | Kind::Lists))
}

/// The line of each key.
fn lines(text: &str) -> BTreeMap<String, usize> {
    fn walk(text: &str, at: &str, table: &DeTable<'_>, lines: &mut BTreeMap<String, usize>) {
        for (name, value) in table {
            let word = name.get_ref();
            let full = if at.is_empty() { word.to_string() } else { format!("{at}.{word}") };
            if let DeValue::Table(inner) = value.get_ref() {
                walk(text, &full, inner, lines);
            }
            lines.insert(full, line_of(text, name.span().start));
        }
    }
    let mut found = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(text, "", table.get_ref(), &mut found);
    }
    found
}

fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

#[derive(Debug)]
pub(super) enum Unreadable {
    Absent,
    Other(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::Absent => f.write_str("it is not there"),
            Unreadable::Other(why) => f.write_str(why),
        }
    }
}

fn text_of(path: &Path, bytes_max: u64) -> Result<String, Unreadable> {
    let other = |why: &str| Unreadable::Other(why.to_owned());
    let file = fs::File::open(path).map_err(|err| match err.kind() {
        ErrorKind::NotFound => Unreadable::Absent,
        ErrorKind::PermissionDenied => other("this user may not read it"),
        kind => other(&kind.to_string()),
    })?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|err| match err.kind() {
        ErrorKind::IsADirectory => other("it is a folder"),
        kind => other(&kind.to_string()),
    })?;
    if bytes.len() as u64 > bytes_max {
        return Err(other("it is too large"));
    }
    String::from_utf8(bytes).map_err(|_| other("it is not UTF-8 text"))
}

/// The files directly in a folder, by name.
pub(super) fn files_in(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named =
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}
