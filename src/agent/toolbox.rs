//! All tools: our own, built once, and those of other people's servers, which come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, RwLock};

use super::tool::{Args, Tool};
use crate::call::Listing;
use crate::error::{Error, Result};
use crate::label::{Label, Origin};
use crate::outside::model::ToolSchema;

/// What the name of every foreign tool begins with; none of ours does.
pub use crate::call::FOREIGN_PREFIX;

/// Sets that programs may name already, as they are published.
const TO_COME: [&str; 17] = [
    "items",
    "goals",
    "trackers",
    "memory",
    "records",
    "contacts",
    "browser",
    "email",
    "email_handling",
    "caldav",
    "telegram",
    "pushover",
    "notify",
    "webhook",
    "whitelist",
    "image_gen",
    "bash",
];

/// Names in a list of what may be used, and letters in one.
const NAMES_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 200;
const UNEXPECTED: &str = "nobody panics while holding the tools";

/// Names of sets and single tools.
type Allowed = Vec<String>;
type Schemas = Arc<[ToolSchema]>;
type ForeignTools = Arc<BTreeMap<String, (Arc<Tool>, Shown)>>;
/// What a foreign server says of a tool, as a model is shown it.
pub type Shown = (Label, Arc<str>);

#[derive(Clone, Default)]
pub struct Toolbox {
    own: Arc<BTreeMap<String, Arc<Tool>>>,
    /// Replaced as a whole.
    foreign: Arc<RwLock<ForeignTools>>,
    /// Schemas by what an agent may use: built once for each list, then shared by every turn until
    /// the foreign tools change.
    schemas: Arc<Mutex<BTreeMap<Allowed, Schemas>>>,
}

impl Toolbox {
    pub fn new(tools: impl IntoIterator<Item = Tool>) -> Toolbox {
        let own = tools.into_iter().map(|tool| (tool.name.to_string(), Arc::new(tool))).collect();
        Toolbox { own: Arc::new(own), ..Toolbox::default() }
    }

    /// Puts these in the place of all foreign tools there were; in effect from the next call on.
    pub fn set_foreign(&self, tools: impl IntoIterator<Item = Tool>) {
        let foreign = |tool: Tool| {
            let words = words(&tool).filter(|_| tool.name.starts_with(FOREIGN_PREFIX))?;
            Some((tool.name.to_string(), (Arc::new(tool), words)))
        };
        let tools: BTreeMap<_, _> = tools.into_iter().filter_map(foreign).collect();
        // Held throughout, so that no schema of the old tools is kept with the new ones.
        let mut schemas = self.schemas.lock().expect(UNEXPECTED);
        *self.foreign.write().expect(UNEXPECTED) = Arc::new(tools);
        schemas.clear();
    }

    pub fn find(&self, name: &str) -> Option<Arc<Tool>> {
        if name.starts_with(FOREIGN_PREFIX) {
            return self.foreign().get(name).map(|(tool, _)| tool.clone());
        }
        self.own.get(name).cloned()
    }

    /// `allowed` holds names of sets and of single tools; none listed means none.
    pub fn allows(&self, allowed: &[String], name: &str) -> bool {
        self.find(name).is_some_and(|tool| is_allowed(allowed, &tool))
    }

    /// All that an agent may use.
    pub fn allowed(&self, allowed: &[String]) -> Vec<Arc<Tool>> {
        self.all().into_iter().filter(|tool| is_allowed(allowed, tool)).collect()
    }

    /// Every tool, whoever may use it.
    pub fn all(&self) -> Vec<Arc<Tool>> {
        let foreign = self.foreign();
        let tools = self.own.values().chain(foreign.values().map(|(tool, _)| tool));
        tools.cloned().collect()
    }

    /// The names of the tools that both lists allow.
    pub fn narrowed(&self, agents: &[String], own: &[String]) -> Vec<String> {
        let both = self.allowed(agents).into_iter().filter(|tool| is_allowed(own, tool));
        both.map(|tool| tool.name.to_string()).collect()
    }

    /// Refuses what is a slip: a name that is no tool and no set. What was named `before` stays as it
    /// is; what a tool server brings may be named while that is away.
    pub fn check_known(&self, names: &[String], before: &[String]) -> Result<()> {
        let own = |name: &String| self.own.values().any(|it| it.name == *name || it.set == *name);
        let known = |name: &&String| {
            before.contains(name)
                || name.starts_with(FOREIGN_PREFIX)
                || is_to_come(name)
                || own(name)
        };
        let Some(odd) = names.iter().find(|name| !known(name)) else { return Ok(()) };
        let sets: BTreeSet<String> = self.own.values().map(|tool| tool.set.to_string()).collect();
        let likeness = |set: &String| strsim::normalized_damerau_levenshtein(odd, set);
        let near = sets.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let near = near.map(|set| format!(" The nearest set is {set:?}.")).unwrap_or_default();
        let message = format!("There is no tool and no set of tools named {odd:?}.{near}");
        Err(Error::invalid("allowed_tools", message))
    }

    pub fn schemas(&self, allowed: &[String]) -> Schemas {
        let mut cache = self.schemas.lock().expect(UNEXPECTED);
        if let Some(known) = cache.get(allowed) {
            return known.clone();
        }
        let built: Schemas = self.allowed(allowed).iter().map(|tool| tool.schema()).collect();
        cache.insert(allowed.to_vec(), built.clone());
        built
    }

    /// The words of foreign servers that an agent with these tools is shown before anything else.
    pub fn foreign_words(&self, allowed: &[String]) -> Vec<Shown> {
        let foreign = self.foreign();
        let shown = foreign.values().filter(|(tool, _)| is_allowed(allowed, tool));
        shown.map(|(_, words)| words.clone()).collect()
    }

    /// The server's tools whose answers list the owner's own things, by the names that models know.
    pub fn listings(&self, server: &str) -> Vec<(String, Listing)> {
        let listing = |(name, (tool, _)): (&String, &(Arc<Tool>, Shown))| match &tool.args {
            Args::Foreign(args) if args.server == server => {
                Some((name.clone(), args.lists.clone()?))
            }
            _ => None,
        };
        self.foreign().iter().filter_map(listing).collect()
    }

    fn foreign(&self) -> ForeignTools {
        self.foreign.read().expect(UNEXPECTED).clone()
    }
}

/// None for a tool of our own.
fn words(tool: &Tool) -> Option<Shown> {
    let Args::Foreign(args) = &tool.args else { return None };
    let text = format!("{}\n{}", tool.about, args.schema.for_model());
    Some((Label::outside(Origin::Mcp(args.server.clone())), text.into()))
}

/// A set that is promised, or one of its tools: it may be named, and grants nothing until it is there.
fn is_to_come(name: &str) -> bool {
    let mut rests = TO_COME.iter().filter_map(|set| name.strip_prefix(*set));
    rests.any(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether they can be names at all.
pub fn check_names(mut names: Vec<String>) -> Result<Vec<String>> {
    let plain = |name: &String| {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(letter)
    };
    if let Some(odd) = names.iter().find(|name| !plain(name)) {
        return Err(Error::invalid("allowed_tools", format!("{odd:?} is no name of a tool.")));
    }
    names.sort();
    names.dedup();
    if NAMES_MAX < names.len() {
        return Err(Error::invalid("allowed_tools", format!("Name at most {NAMES_MAX} tools.")));
    }
    Ok(names)
}

fn is_allowed(allowed: &[String], tool: &Tool) -> bool {
    allowed.iter().any(|may| *may == tool.name || *may == tool.set)
}
