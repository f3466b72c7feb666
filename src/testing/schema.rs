//! A database that is empty but for its schema, made once and copied: nearly every test begins with
//! one, and making it takes as long as all that many of them try.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::db::{self, migrate};

/// Puts one there, unless there is a database already.
pub fn put(database: &Path) {
    if !database.exists() {
        fs::copy(made_once(), database).expect("a copy of the empty database");
    }
}

/// Named after the steps, so that another schema is another file.
fn made_once() -> PathBuf {
    let mut sha = Sha256::new();
    for (name, sql) in migrate::STEPS {
        sha.update(name);
        sha.update(sql);
    }
    let name = format!("steward-tests-{}.db", &hex::encode(sha.finalize())[..32]);
    let path = std::env::temp_dir().join(name);
    if !path.exists() {
        let folder = folder_beside(&path);
        let unnamed = folder.join("empty.db");
        db::make(&unnamed, &folder).expect("an empty database");
        // Whole or not at all, whoever else makes one just now.
        fs::rename(&unnamed, &path).expect("the empty database in its place");
        fs::remove_dir_all(&folder).expect("an end to its folder");
    }
    path
}

/// A folder of this process alone, beside `path`.
fn folder_beside(path: &Path) -> PathBuf {
    let folder = path.with_extension(std::process::id().to_string());
    fs::create_dir_all(&folder).expect("a folder for the empty database");
    folder
}
