//! What the config file, the environment and the flags say, merged with what Settings says.
//!
//! `config.example.toml` is the table of keys: names, defaults and what each is for are read from
//! it. What counts, highest first: flag, environment, file, database, default. Each value remembers
//! its [`Source`], so that a value fixed from outside can be shown as locked.

mod env;
mod file;
mod keys;
mod live;
mod merge;
mod parse;
mod sections;
mod show;
mod source;
mod strict;
mod tools;
mod words;

pub use keys::{Key, Kind, keys};
pub use live::Live;
pub use sections::*;
pub use show::{Row, as_toml};
pub use source::{Flags, Source};
pub use tools::DeclaredTool;
pub use words::{HostPort, ModelName, Network};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Error, Result};
use merge::Settings;
use source::Setting;

/// The config and where each value came from.
#[derive(Clone)]
pub struct Loaded {
    pub config: Config,
    /// What counts, by key.
    settings: Settings,
    /// File, environment and flags, in rising order: they don't change while the program runs.
    outside: Vec<Setting>,
}

impl Config {
    /// Merges all sources. Reads the config file and the files of secrets, nothing else: the
    /// environment is passed in, `database` holds the keys saved in Settings as text.
    ///
    /// An error names every wrong key, one sentence a line.
    pub fn load(
        flags: &Flags,
        env: impl IntoIterator<Item = (OsString, OsString)>,
        database: &BTreeMap<String, String>,
    ) -> Result<Loaded> {
        let env: BTreeMap<OsString, OsString> = env.into_iter().collect();
        let mut problems = Problems::default();
        let mut outside = env::data_folder(&env);
        outside.extend(file::read(flags.config.as_deref(), &mut problems));
        outside.extend(env::credentials(&env, &mut problems));
        outside.extend(env::read(&env, &mut problems));
        outside.extend(flags.settings());
        problems.into_result()?;
        Loaded::build(outside, database)
    }

    /// As [`Config::load`], with the environment of this process.
    pub fn load_process(flags: &Flags, database: &BTreeMap<String, String>) -> Result<Loaded> {
        Config::load(flags, std::env::vars_os(), database)
    }
}

impl Loaded {
    fn build(outside: Vec<Setting>, database: &BTreeMap<String, String>) -> Result<Loaded> {
        let mut problems = Problems::default();
        let saved = merge::database(database, &mut problems);
        problems.into_result()?;
        let settings = merge::merge(saved, &outside);
        let config = merge::typed(&settings)?;
        Ok(Loaded { config, settings, outside })
    }

    /// The same outside sources over other saved settings: after a change in Settings, or to try
    /// one before it is saved. The error's `field` is the key.
    pub fn with_database(&self, database: &BTreeMap<String, String>) -> Result<Loaded> {
        Loaded::build(self.outside.clone(), database)
    }

    /// As [`Loaded::with_database`], but one bad row is no reason to stay closed or to forget the
    /// others: it is left out, and a switch of the guard that can't be read counts as its strict
    /// position. Gives what is wrong, too.
    pub fn with_readable(&self, saved: &BTreeMap<String, String>) -> (Loaded, Vec<String>) {
        let (mut saved, mut problems) = (saved.clone(), Vec::new());
        // Each round takes a row away or makes it strict.
        for _ in 0..=2 * saved.len() + 1 {
            let (field, message) = match self.with_database(&saved) {
                Ok(loaded) => return (loaded, problems),
                Err(Error::Invalid { field, message }) => (field.into_owned(), message),
                Err(err) => (String::new(), err.to_string()),
            };
            problems.push(message);
            let strict = strict::position(&field).map(str::to_owned);
            match (saved.remove(&field), strict) {
                (Some(given), Some(strict)) if given != strict => {
                    saved.insert(field, strict);
                }
                (Some(_), _) => {}
                (None, _) => saved = strict::positions(),
            }
        }
        (self.clone(), problems)
    }

    /// What fixes this key from outside, if anything: then Settings can't change it.
    pub fn locked(&self, key: &str) -> Option<Source> {
        self.source(key).filter(|source| !matches!(source, Source::Default | Source::Database))
    }

    pub fn source(&self, key: &str) -> Option<Source> {
        self.settings.get(key).map(|setting| setting.source.clone())
    }

    /// Every key that has a value, in the order of `config.example.toml`, secrets masked.
    pub fn rows(&self) -> Vec<Row> {
        show::rows(&self.settings)
    }

    pub fn data_file(&self, name: &str) -> PathBuf {
        self.config.data.dir.join(name)
    }
}

/// What is wrong, all of it: a person mends a file in one go.
#[derive(Default)]
struct Problems(Vec<(String, String)>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, sentence: impl Into<String>) {
        self.0.push((key.into(), closed(sentence.into())));
    }

    fn into_result(self) -> Result<()> {
        let Some((first, _)) = self.0.first() else { return Ok(()) };
        let lines: Vec<&str> = self.0.iter().map(|(_, sentence)| sentence.as_str()).collect();
        Err(Error::invalid(first.clone(), lines.join("\n")))
    }
}

/// With its full stop, unless it ends as a question.
fn closed(mut sentence: String) -> String {
    if !sentence.ends_with(['.', '?']) {
        sentence.push('.');
    }
    sentence
}
