//! Where each switch of the guard stands when its saved setting can't be read.

use std::collections::BTreeMap;

const POSITIONS: [(&str, &str); 6] = [
    ("guard.mode", "careful"),
    ("guard.sanitize_enhanced", "true"),
    ("guard.canary", "true"),
    ("guard.llm_screen", "true"),
    ("guard.output_validation", "true"),
    ("guard.truncation", "true"),
];

pub(super) fn position(key: &str) -> Option<&'static str> {
    POSITIONS.iter().find(|(name, _)| *name == key).map(|(_, position)| *position)
}

/// For when it can't even be told which setting is the bad one.
pub(super) fn positions() -> BTreeMap<String, String> {
    POSITIONS.iter().map(|(key, at)| ((*key).to_owned(), (*at).to_owned())).collect()
}
