//! May this call happen? A pure function of what the owner said and allowed, what the run has read,
//! and the exact call. No model is asked.
//!
//! The rules stand in [`judge`] in their order; the first that decides wins.

mod arguments;
mod destinations;
mod intent;
mod later;
mod origins;
mod owner_names;
mod question;
mod urls;

pub use later::later;
pub use owner_names::OwnerName;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use question::Ruling;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::grounding::{Read, Said};
use super::intent::Intent;
use super::permit::Permit;
use super::visit::WebRules;
use super::whitelist::{self, Address};
use crate::approval::standing::{self, Rule};
use crate::approval::{Approved, Foreign};
use crate::call::{Call, Role};
use crate::config::{self, HostPort};
use crate::db::Reader;
use crate::error::Result;
use crate::folders;
use crate::ids::UserId;
use crate::leak::Watch;
use crate::net::DomainPattern;
use crate::secret::Secret;
use crate::vault::Vault;

/// How much the owner wants to be asked. It only tightens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Careful,
    Balanced,
}

impl From<config::Mode> for Mode {
    fn from(setting: config::Mode) -> Mode {
        match setting {
            config::Mode::Balanced => Mode::Balanced,
            config::Mode::Careful => Mode::Careful,
        }
    }
}

/// Why no call of this run goes through just now (rule 1). A budget ends a run before its next
/// model call, and how deep agents ask one another is counted as one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    NotInTools,
    Paused,
}

/// What the run knows of itself and tells the guard.
#[derive(Clone)]
pub struct Scene {
    pub halt: Option<Halt>,
    /// The user's own folder.
    pub own_root: PathBuf,
    pub user_id: UserId,
    /// In the owner's zone.
    pub now: Zoned,
    /// What the owner typed in this conversation.
    pub said: Arc<Said>,
    /// What the conversation has read, and from where.
    pub read: Arc<Read>,
    /// The web addresses that this run, and those it belongs to, went to before this call.
    pub visited: Vec<String>,
    /// The effects that the owner asked for, once they had to be written down.
    pub intent: Option<Intent>,
    /// Arguments of the calls to this tool that the run has made, or holds for a moment.
    pub done: Vec<Value>,
    /// Hosts the owner opened for this conversation.
    pub opened: Vec<DomainPattern>,
    /// What the owner calls things of the call's tool server, by its own lists.
    pub listed: Vec<OwnerName>,
    /// `[guard] private_allowed`.
    pub private_allowed: Vec<HostPort>,
    pub mode: Mode,
    /// A word planted in the prompt; where it turns up, the prompt leaks.
    pub canary: Option<String>,
}

/// All that a verdict rests on.
pub struct Facts {
    pub scene: Scene,
    pub web: Arc<WebRules>,
    pub folders: Vec<PathBuf>,
    /// The paths of a foreign tool's call: whether each names something here, or why it is denied.
    pub abroad: BTreeMap<String, std::result::Result<bool, String>>,
    /// Those of the call's recipients that are on the list.
    pub addresses: Vec<Address>,
    /// The mail addresses in its texts that a list of the owner's holds.
    pub known: Vec<String>,
    /// Those of the call's values that the owner's lists have a name for.
    pub names: Vec<OwnerName>,
    /// The owner's standing rules for the call's tool.
    pub standing: Vec<Rule>,
    /// The vault's values, to be recognised.
    pub watch: Arc<Watch>,
    /// The word planted in the prompt, likewise.
    pub canary: Watch,
}

/// What the owner could add so that a denied call would pass next time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Offer {
    /// Or a chat.
    Address(String),
    Domain(String),
    Folder(String),
}

#[derive(Debug)]
pub enum Verdict {
    Go(Permit),
    Ask {
        /// One sentence.
        reason: String,
        origins: Vec<Foreign>,
        /// The values that a standing rule made on this card would hold for; `None`: none is
        /// offered.
        standing: Option<Map<String, Value>>,
    },
    Deny {
        /// One sentence.
        reason: String,
        offer: Option<Offer>,
        /// A secret was about to leave: tell the owner at once.
        alert: bool,
        /// Nobody had asked for it: noted in the run, without a card.
        blocked: bool,
    },
    /// What the owner asked for has to be written down first; then judge again.
    Unplanned,
}

/// Reads what the verdict on `call` needs.
pub fn gather(
    reader: &Reader<'_>,
    vault: &Vault,
    scene: Scene,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<Facts> {
    let listed = whitelist::web_rules(reader, &scene.private_allowed)?;
    let web = WebRules { opened: scene.opened.clone(), ..listed };
    let folders = whitelist::list_folders(reader)?.into_iter().map(|it| it.value.into());
    let folders: Vec<PathBuf> = folders.collect();
    let paths = arguments::destinations(call, Role::Path).unwrap_or_default().into_iter();
    let paths = paths.filter(|_| call.is_foreign()).map(|(_, text)| text.into_owned());
    let abroad = paths.map(|it| (it.clone(), folders::abroad(&it, &folders))).collect();
    let mut addresses = Vec::new();
    for (_, recipient) in destinations::recipients(call).unwrap_or_default() {
        addresses.extend(whitelist::find_address(reader, &recipient, now)?);
    }
    let known = owner_names::in_texts(reader, &scene, call, now)?;
    let watch = vault.watch(reader)?;
    let mut canary = Watch::default();
    if let Some(word) = &scene.canary {
        canary.add("canary", &Secret::new(word.as_str()));
    }
    let names = owner_names::of_call(reader, &scene, call)?;
    let standing = standing::list_for(reader, scene.user_id, call.tool, now)?;
    let web = Arc::new(web);
    Ok(Facts { web, folders, abroad, addresses, known, names, standing, watch, canary, scene })
}

/// The verdict. `approved` is the owner's yes, taken for this call: it asks for the call and
/// answers the question, and nothing else. What rules 1 to 3 deny stays denied.
pub fn judge(facts: &Facts, call: &Call<'_>, approved: Option<Approved>) -> Verdict {
    denial_or_answer(facts, call, approved).unwrap_or_else(|denial| denial)
}

/// The rules in their order.
fn denial_or_answer(
    facts: &Facts,
    call: &Call<'_>,
    approved: Option<Approved>,
) -> Result<Verdict, Verdict> {
    may_act(facts, call)?;
    let proofs = destinations::proofs(facts, call)?;
    no_secret(facts, call)?;
    let hash = call.hash();
    if approved.is_some_and(|yes| yes.covers(&hash)) {
        return Ok(Verdict::Go(Permit::new(hash, proofs, None)));
    }
    intent::asked_for(facts, call)?;
    let foreign = origins::foreign(facts, call);
    Ok(match question::ruling(facts, call, &foreign) {
        Ruling::Go(rule) => Verdict::Go(Permit::new(hash, proofs, rule)),
        Ruling::Ask { reason, can_stand } => {
            let outside = facts.scene.read.has_outside_content();
            let standing = if can_stand { standing::offered(call, outside) } else { None };
            Verdict::Ask { reason, origins: foreign, standing }
        }
    })
}

/// Rule 1: may this run do anything at all just now?
fn may_act(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    if !call.arguments.is_object() {
        return Err(deny("The arguments have to be a JSON object."));
    }
    match &facts.scene.halt {
        None => Ok(()),
        Some(Halt::NotInTools) => Err(deny(format!("This agent may not use {}.", call.tool))),
        Some(Halt::Paused) => Err(deny("Everything is paused.")),
    }
}

/// Rule 3: no argument holds a secret, in whatever disguise.
fn no_secret(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    let found = facts.watch.find_in(call.arguments);
    match found.or_else(|| facts.canary.find_in(call.arguments)) {
        None => Ok(()),
        Some(name) => Err(Verdict::Deny {
            reason: holds_secret(name),
            offer: None,
            alert: true,
            blocked: false,
        }),
    }
}

/// Why a call with the value of the secret `name` is denied.
pub fn holds_secret(name: &str) -> String {
    format!("The arguments hold the value of {name}, which never leaves the vault.")
}

fn deny(reason: impl Into<String>) -> Verdict {
    denied(reason.into(), None)
}

fn denied(reason: String, offer: Option<Offer>) -> Verdict {
    Verdict::Deny { reason, offer, alert: false, blocked: false }
}
