//! May this call happen? A pure function of what the owner said and allowed, what the run has read,
//! and the exact call. No model is asked.
//!
//! The rules stand in [`judge`] in their order; the first that decides wins. Grounding and intent
//! are not built yet: until they are, everything that sends, executes or destroys asks.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::allowed::{Allowed, Command};
use super::approval::{Approved, Foreign};
use super::call::{Call, Effect, Role};
use super::grounding::{self, Link};
use super::label::{Label, Trust};
use super::leak::Watch;
use super::net::{self, DomainPattern, WebRules, WebUrl};
use super::permit::{Permit, Proof};
use super::secret::Secret;
use super::vault::Vault;
use super::whitelist::{self, Address};
use crate::config::HostPort;
use crate::db::Reader;
use crate::error::Result;

const VALUE_SHOWN_CHARS_MAX: usize = 300;
const DESTINATIONS_MAX: usize = 100;

/// How much the owner wants to be asked. It only tightens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Careful,
    Balanced,
}

impl Mode {
    /// The setting as it is stored; what can't be read counts as the strict one.
    pub fn parse(setting: Option<&str>) -> Mode {
        match setting {
            Some("balanced") => Mode::Balanced,
            _ => Mode::Careful,
        }
    }
}

/// Why no call of this run goes through just now (rule 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    NotInTools,
    Paused,
    /// The budget's or limit's own sentence.
    Limit(String),
    TooDeep,
}

/// What the run knows of itself and tells the guard.
#[derive(Debug, Clone)]
pub struct Scene {
    pub halt: Option<Halt>,
    /// The user's own folder.
    pub own_root: PathBuf,
    /// What the owner typed in this conversation.
    pub said: Vec<String>,
    /// What the run has read, and from where.
    pub read: Vec<(Label, String)>,
    /// Links of pages it has read.
    pub links: Vec<Link>,
    /// Hosts the owner opened for this conversation.
    pub opened: Vec<DomainPattern>,
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
    /// Those of the call's recipients that are on the list.
    pub addresses: Vec<Address>,
    /// The vault's values, to be recognised.
    pub watch: Watch,
}

/// What the owner could add so that a denied call would pass next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
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
    },
    Deny {
        /// One sentence.
        reason: String,
        offer: Option<Offer>,
        /// A secret was about to leave: tell the owner at once.
        alert: bool,
    },
}

/// Reads what the verdict on `call` needs.
pub fn gather(
    reader: &Reader<'_>,
    vault: &Vault,
    scene: Scene,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<Facts> {
    let tier1 = whitelist::list_domains(reader)?;
    let tier1 = tier1.iter().filter_map(|it| DomainPattern::parse(&it.domain).ok()).collect();
    let web = WebRules {
        tier1,
        opened: scene.opened.clone(),
        private_allowed: scene.private_allowed.clone(),
    };
    let folders = whitelist::list_folders(reader)?.into_iter().map(|it| it.path.into()).collect();
    let mut addresses = Vec::new();
    for (_, text) in destinations(call, Role::Recipient).unwrap_or_default() {
        if let Ok(recipient) = whitelist::parse_address(text) {
            addresses.extend(whitelist::find_address(reader, &recipient, now)?);
        }
    }
    let mut watch = vault.watch(reader)?;
    if let Some(canary) = &scene.canary {
        watch.add("canary", &Secret::new(canary.as_str()));
    }
    Ok(Facts { web: Arc::new(web), folders, addresses, watch, scene })
}

/// The verdict. `approved` is the owner's yes, taken for this call; it answers the question and
/// nothing else: what is denied stays denied.
pub fn judge(facts: &Facts, call: &Call<'_>, approved: Option<Approved>) -> Verdict {
    let proofs = match standing(facts, call)
        .and_then(|()| destination_proofs(facts, call))
        .and_then(|proofs| no_secret(facts, call).map(|()| proofs))
    {
        Ok(proofs) => proofs,
        Err(denial) => return denial,
    };
    let hash = call.hash();
    match question(facts, call) {
        Some(_) if approved.is_some_and(|yes| yes.covers(&hash)) => {
            Verdict::Go(Permit::new(hash, proofs))
        }
        Some(reason) => Verdict::Ask { reason, origins: origins(facts, call) },
        None => Verdict::Go(Permit::new(hash, proofs)),
    }
}

/// Rule 1: may this run do anything at all just now?
fn standing(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    if !call.arguments.is_object() {
        return Err(deny("The arguments have to be a JSON object."));
    }
    match &facts.scene.halt {
        None => Ok(()),
        Some(Halt::NotInTools) => Err(deny(format!("This agent may not use {}.", call.tool))),
        Some(Halt::Paused) => Err(deny("Everything is paused.")),
        Some(Halt::Limit(sentence)) => Err(deny(sentence.as_str())),
        Some(Halt::TooDeep) => Err(deny("Agents calling agents have reached their depth.")),
    }
}

/// Rule 2: is each destination one the owner opened? Gives the proofs.
fn destination_proofs(facts: &Facts, call: &Call<'_>) -> Result<Vec<(String, Proof)>, Verdict> {
    let mut proofs = Vec::new();
    for (argument, text) in destinations(call, Role::Url)? {
        proofs.push((argument.to_owned(), Proof::Url(visit(facts, text)?)));
    }
    for (argument, text) in destinations(call, Role::Path)? {
        let path = whitelist::place(&facts.scene.own_root, &facts.folders, text)
            .map_err(|reason| denied(reason, folder_offer(text)))?;
        proofs.push((argument.to_owned(), Proof::Path(Allowed::mint(path))));
    }
    for (argument, text) in destinations(call, Role::Recipient)? {
        let recipient = whitelist::parse_address(text).map_err(|err| deny(err.to_string()))?;
        let found = facts.addresses.iter().find(|it| it.address == recipient.address);
        let offer = || found.is_none().then(|| Offer::Address(recipient.address.clone()));
        whitelist::check_address(&recipient.address, found)
            .map_err(|reason| denied(reason, offer()))?;
        proofs.push((argument.to_owned(), Proof::Recipient(Allowed::mint(recipient))));
    }
    for (argument, _) in call.roles.iter().filter(|(_, role)| *role == Role::Command) {
        let words: Vec<String> = texts(call, argument)?.into_iter().map(str::to_owned).collect();
        if let Some((program, arguments)) = words.split_first() {
            let command = Command { program: program.clone(), arguments: arguments.to_vec() };
            proofs.push(((*argument).to_owned(), Proof::Command(Allowed::mint(command))));
        }
    }
    Ok(proofs)
}

fn visit(facts: &Facts, text: &str) -> Result<Allowed<net::Visit>, Verdict> {
    let url = WebUrl::parse(text).map_err(|err| deny(err.to_string()))?;
    let offer = match pattern_for(facts, &url) {
        None => Some(Offer::Domain(url.host().to_owned())),
        Some(_) => None,
    };
    net::judge_url(url, &facts.web).map_err(|err| denied(err.to_string(), offer))
}

fn pattern_for<'f>(facts: &'f Facts, url: &WebUrl) -> Option<&'f DomainPattern> {
    facts.web.tier1.iter().chain(&facts.web.opened).find(|pattern| pattern.matches(url.host()))
}

fn folder_offer(path: &str) -> Option<Offer> {
    let folder = PathBuf::from(path).parent()?.to_str()?.to_owned();
    (path.starts_with('/') && !path.contains("..")).then_some(Offer::Folder(folder))
}

/// Rule 3: no argument holds a secret, in whatever disguise.
fn no_secret(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    match facts.watch.find_in(call.arguments) {
        None => Ok(()),
        Some(name) => Err(Verdict::Deny {
            reason: format!(
                "The arguments hold the value of {name}, which never leaves the vault."
            ),
            offer: None,
            alert: true,
        }),
    }
}

/// Rules 4, 5, 7 and 8: what the owner has to be asked; `None`: nothing.
fn question(facts: &Facts, call: &Call<'_>) -> Option<String> {
    let given: Vec<&str> = given(call);
    if let Some(unknown) = given.iter().find(|name| call.role(name).is_none()) {
        return Some(format!("Nobody declared what {unknown} means to {}.", call.tool));
    }
    let has = |role| given.iter().any(|name| call.role(name) == Some(role));
    match call.effect {
        _ if call.destructive => Some("It takes something away for good.".to_owned()),
        Effect::Send | Effect::Execute if facts.scene.mode == Mode::Careful => {
            Some("You chose to be asked about everything that is sent or run.".to_owned())
        }
        Effect::Send => Some("It leaves the house.".to_owned()),
        Effect::Execute => Some("It runs a program.".to_owned()),
        _ if has(Role::Recipient) || has(Role::Command) => {
            Some("It names somebody to reach or something to run.".to_owned())
        }
        Effect::Read => foreign_url(facts, call),
        Effect::Write if has(Role::Url) => {
            Some("It saves a web address that is visited later.".to_owned())
        }
        Effect::Write if writes_elsewhere(facts, call) => {
            Some("It changes files in a folder that you opened.".to_owned())
        }
        Effect::Write => None,
    }
}

/// Rule 4: each part of an address is the owner's, or from a link of that site.
fn foreign_url(facts: &Facts, call: &Call<'_>) -> Option<String> {
    let Scene { said, links, .. } = &facts.scene;
    destinations(call, Role::Url).unwrap_or_default().into_iter().find_map(|(_, text)| {
        let Ok(url) = WebUrl::parse(text) else { return Some("It is no web address.".to_owned()) };
        let listed = pattern_for(facts, &url).map(DomainPattern::to_string).unwrap_or_default();
        let beneath = listed.strip_prefix("*.").and_then(|base| url.host().strip_suffix(base));
        let part = grounding::foreign_part(&url, beneath.unwrap_or_default(), said, links)?;
        Some(format!(
            "Part of the address, {}, is neither in your words nor in a link of that site.",
            shown(&part)
        ))
    })
}

fn writes_elsewhere(facts: &Facts, call: &Call<'_>) -> bool {
    let own = &facts.scene.own_root;
    let place = |text| whitelist::place(own, &facts.folders, text);
    destinations(call, Role::Path)
        .unwrap_or_default()
        .into_iter()
        .any(|(_, text)| place(text).is_ok_and(|path| path.root != *own))
}

/// The critical values that the owner did not say, and where they were read.
fn origins(facts: &Facts, call: &Call<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    for argument in given(call) {
        if call.role(argument).is_some_and(|role| !role.is_critical()) {
            continue;
        }
        let mut values = Vec::new();
        leaves(&call.arguments[argument], &mut values);
        for value in values {
            if grounding::is_said(&value, &facts.scene.said) {
                continue;
            }
            let outside =
                facts.scene.read.iter().filter(|(label, _)| label.trust == Trust::Outside);
            let source = outside.into_iter().find(|(_, text)| grounding::text_holds(text, &value));
            found.push(Foreign {
                argument: argument.to_owned(),
                value: shown(&value),
                origin: source.map(|(label, _)| label.origin.clone()),
            });
        }
    }
    found
}

/// The arguments that are there; a null is not.
fn given<'c>(call: &Call<'c>) -> Vec<&'c str> {
    let fields = call.arguments.as_object().into_iter().flatten();
    fields.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect()
}

/// Every text given for an argument of this role, one by one.
fn destinations<'c>(call: &Call<'c>, role: Role) -> Result<Vec<(&'c str, &'c str)>, Verdict> {
    let mut found = Vec::new();
    for (argument, _) in call.roles.iter().filter(|(_, its)| *its == role) {
        found.extend(texts(call, argument)?.into_iter().map(|text| (*argument, text)));
    }
    if DESTINATIONS_MAX < found.len() {
        return Err(deny(format!("That is more than {DESTINATIONS_MAX} places in one call.")));
    }
    Ok(found)
}

fn texts<'c>(call: &Call<'c>, argument: &str) -> Result<Vec<&'c str>, Verdict> {
    match &call.arguments[argument] {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text]),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).collect())
        }
        _ => Err(deny(format!("{argument} has to be text, or a list of texts."))),
    }
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, found)),
        other => found.push(other.to_string()),
    }
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(VALUE_SHOWN_CHARS_MAX) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}

fn deny(reason: impl Into<String>) -> Verdict {
    denied(reason.into(), None)
}

fn denied(reason: String, offer: Option<Offer>) -> Verdict {
    Verdict::Deny { reason, offer, alert: false }
}
