//! The environment: `STEWARD_SECTION__KEY`, `…_FILE` for secrets, systemd's credentials, and the
//! usual place of the data folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Problems;
use super::file;
use super::keys;
use super::parse;
use super::source::{Setting, Source, Value};

const PREFIX: &str = "STEWARD_";

type Env = BTreeMap<OsString, OsString>;

/// Every `STEWARD_…` variable is a setting; one that isn't is an error, not ignored.
pub(super) fn read(env: &Env, problems: &mut Problems) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    for (name, text) in env {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let read = text.to_str().ok_or("is not UTF-8 text".to_owned());
        match read.and_then(|text| setting(name, text)) {
            Ok(setting) if found.iter().any(|other| other.key == setting.key) => {
                let plain = name.trim_end_matches("_FILE");
                problems.add(setting.key, format!("Set {plain} or {plain}_FILE, not both."));
            }
            Ok(setting) => found.push(setting),
            Err(why) => problems.add(key_of(name), format!("{name} {why}")),
        }
    }
    found
}

fn setting(name: &str, text: &str) -> Result<Setting, String> {
    let key = key_of(name);
    let source = Source::Env(name.to_owned());
    if let Some(known) = keys::find(&key) {
        return Ok(Setting { key, value: parse::text(known, text)?, source });
    }
    if let Some((base, _)) = file::secret_of(&key) {
        let value = Value::Secret(file::secret(Path::new(text))?);
        return Ok(Setting { key: base.to_owned(), value, source });
    }
    Err(keys::unknown(&key, |near| variable(near).unwrap_or_else(|| near.to_owned())))
}

/// The key that a variable names: `STEWARD_WEB__BRAVE_KEY` is `web.brave_key`.
fn key_of(variable: &str) -> String {
    variable.trim_start_matches(PREFIX).replace("__", ".").to_ascii_lowercase()
}

/// The variable of a key. A provider whose name has a hyphen has none: variables can't hold one. Nor
/// has a tool, in whose name stands what parts a variable.
pub(super) fn variable(key: &str) -> Option<String> {
    let name = || format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase());
    (!key.contains('-') && !key.contains("__")).then(name)
}

/// systemd's `LoadCredential=KEY:…`, for keys that are secret and for those that name a file
/// (`vault.key` for `vault.key_file`). Other credentials are not ours.
pub(super) fn credentials(env: &Env, problems: &mut Problems) -> Vec<Setting> {
    let Some(folder) = env.get(&OsString::from("CREDENTIALS_DIRECTORY")) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, path) in file::files_in(Path::new(folder)) {
        let by_path = format!("{name}_file");
        let source = Source::Credential(name.clone());
        if keys::find(&by_path).is_some() {
            let value = Value::Plain(path.to_string_lossy().into_owned().into());
            found.push(Setting { key: by_path, value, source });
        } else if keys::find(&name).is_some_and(|key| key.secret) {
            match file::secret(&path) {
                Ok(secret) => {
                    found.push(Setting { key: name, value: Value::Secret(secret), source });
                }
                Err(why) => problems.add(name.clone(), format!("The credential {name} {why}")),
            }
        }
    }
    found
}

/// Where the data is when nobody says: systemd's state folder, else the person's own data folder.
pub(super) fn data_folder(env: &Env) -> Vec<Setting> {
    let set = |name: &str| env.get(&OsString::from(name)).filter(|text| !text.is_empty());
    let state = set("STATE_DIRECTORY").map(|list| {
        // systemd joins several with a colon; the first is ours.
        let list = list.to_string_lossy();
        PathBuf::from(list.split(':').next().unwrap_or_default())
    });
    let found = state.map(|dir| (dir, Source::Env("STATE_DIRECTORY".to_owned()))).or_else(|| {
        let own = set("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
            .or_else(|| Some(Path::new(set("HOME")?).join(".local/share")))?;
        Some((own.join("steward"), Source::Default))
    });
    let setting = found.map(|(dir, source)| Setting {
        key: "data.dir".to_owned(),
        value: Value::Plain(dir.to_string_lossy().into_owned().into()),
        source,
    });
    setting.into_iter().collect()
}
