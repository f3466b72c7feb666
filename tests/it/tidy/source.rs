//! Reads the source tree for the rules.

use std::fs;
use std::path::{Path, PathBuf};

pub struct File {
    /// From the repository's root, with forward slashes.
    pub path: String,
    pub text: String,
}

impl File {
    /// The first folder or file below `src`: `src/web/page.rs` is of `web`.
    pub fn layer(&self) -> String {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs").to_owned()
    }

    /// The module a feature's file is, unless it is its front door or its tests.
    pub fn module(&self) -> Option<String> {
        let name = self.path.rsplit('/').next()?.trim_end_matches(".rs");
        (!["mod", "tests"].contains(&name)).then(|| name.to_owned())
    }

    /// (line, first segment) of every `crate::…` outside comments and unit tests.
    pub fn crate_paths(&self) -> Vec<(usize, String)> {
        if self.path.ends_with("/tests.rs") {
            return Vec::new();
        }
        let code = production_code(&self.text);
        let mut found = Vec::new();
        for (at, line) in code.lines().enumerate() {
            for rest in line.split("crate::").skip(1) {
                found.extend(first_segments(rest).into_iter().map(|name| (at + 1, name)));
            }
        }
        found
    }
}

/// `db::Db` gives `db`; `{db::Db, error::Error}` gives both.
fn first_segments(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut names = vec![String::new()];
    let mut depth = 0;
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ => {
                if let (0, Some(name)) = (depth, names.last_mut()) {
                    name.push(letter);
                }
            }
        }
    }
    names.iter().map(|name| word(name)).collect()
}

/// What ships: the text before the file's unit tests.
pub fn production_code(text: &str) -> &str {
    let tests = ["#[cfg(te", "st)]\nmod tests"].concat();
    text.find(&tests).map_or(text, |at| &text[..at])
}

/// The first line, from 1, that has the needle outside a comment.
pub fn line_of(text: &str, needle: &str) -> Option<usize> {
    let is = |line: &str| line.contains(needle) && !line.trim_start().starts_with("//");
    text.lines().position(is).map(|at| at + 1)
}

/// ` onclick=` and its kin, in a lower-case line.
pub fn has_event_handler(line: &str) -> bool {
    line.split(" on").skip(1).any(|rest| {
        let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
        !name.is_empty() && rest[name.len()..].starts_with('=')
    })
}

/// Every file below a folder with this ending, sorted by path.
pub fn files(dir: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    walk(&root().join(dir), ending, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn walk(dir: &Path, ending: &str, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.file_name().is_some_and(|name| name == "node_modules" || name == ".peers") {
            continue;
        }
        if path.is_dir() {
            walk(&path, ending, found);
        } else if path.extension().is_some_and(|it| it == ending) {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push(File { path, text });
        }
    }
}

pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
