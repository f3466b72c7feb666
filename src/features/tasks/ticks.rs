//! The tools that may be ticked for somebody, set by set.

use std::collections::BTreeMap;

use super::fields::{Fields, TOOL_FIELD};
use crate::agent::toolbox::Toolbox;
use crate::call::Effect;

/// One set as a box to tick.
pub struct Tick {
    pub set: String,
    pub about: String,
    pub ticked: bool,
}

impl Tick {
    pub fn only_reads(&self) -> bool {
        self.about.starts_with(READS)
    }
}

const READS: &str = "reads";

/// The sets of these tools, with what they can do; and what was ticked beside them.
pub fn ticks(toolbox: &Toolbox, allowed: &[String], fields: &Fields) -> Vec<Tick> {
    let mut sets: BTreeMap<String, (bool, bool, Vec<String>)> = BTreeMap::new();
    for tool in toolbox.allowed(allowed) {
        let (asks, writes, names) = sets.entry(tool.set.to_string()).or_default();
        *asks |= tool.changes_the_world();
        *writes |= tool.effect == Effect::Write;
        names.push(tool.name.to_string());
    }
    let tick = |(set, (asks, writes, names)): (String, (bool, bool, Vec<String>))| {
        let can = match (asks, writes) {
            (true, _) => "may act on the world, and asks first",
            (false, true) => "changes your own data",
            (false, false) => READS,
        };
        let ticked = fields.contains_key(&format!("{TOOL_FIELD}{set}"));
        Tick { about: format!("{can}: {}", names.join(", ")), set, ticked }
    };
    let mut ticks: Vec<Tick> = sets.into_iter().map(tick).collect();
    for name in fields.keys().filter_map(|field| field.strip_prefix(TOOL_FIELD)) {
        if ticks.iter().all(|tick| tick.set != name) {
            let about = "a single tool, or one that may not be used now".to_owned();
            ticks.push(Tick { set: name.to_owned(), about, ticked: true });
        }
    }
    ticks
}

/// What of a form was ticked.
pub fn ticked(fields: &Fields) -> Vec<String> {
    fields.keys().filter_map(|name| name.strip_prefix(TOOL_FIELD)).map(str::to_owned).collect()
}
