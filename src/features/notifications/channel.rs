//! A person's channels: what there is of them, adding, trying and removing one.

use jiff::Timestamp;

use super::kinds::{self, Kind, New, Parcel, Words};
use super::outbox::Came;
use super::store::{channels, deliveries};
use super::{job, kinds::Outcome};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{ChannelId, UserId};
use crate::net::WebUrl;
use crate::vault::{self, Vault};
use crate::web::caller::{Caller, Role};
use crate::web::form::check_text;
use crate::web::scope::Scope;
use crate::web::store::callers;

/// A person's, whatever their kinds.
const CHANNELS_MAX: usize = 20;
pub const NAME_CHARS_MAX: usize = 60;

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub id: ChannelId,
    pub user_id: UserId,
    pub kind: String,
    pub name: String,
    pub server: String,
    pub target: String,
    /// Of what the vault holds for it.
    pub secrets: Vec<String>,
    pub state: Standing,
    pub why: String,
    pub failures: u32,
    pub rests_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub said_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    On,
    /// By its person.
    Off,
    /// The peer takes nothing more until a person has mended something.
    Stopped,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::On => "on",
            Standing::Off => "off",
            Standing::Stopped => "stopped",
        }
    }

    pub fn parse(text: &str) -> Option<Standing> {
        [Standing::On, Standing::Off, Standing::Stopped].into_iter().find(|it| it.as_str() == text)
    }
}

impl Channel {
    /// The vault's entry for one of its secrets. It can be used and replaced, and is never shown.
    fn entry(&self, secret: &str) -> String {
        format!("secret:channel-{}-{secret}", self.id)
    }

    /// Where it is, as far as that may be seen: an address whose path is a key of its own is cut.
    pub fn shown_server(&self) -> String {
        match WebUrl::parse(&self.server) {
            Ok(url) if self.secret_path() => url.host().to_owned(),
            _ => self.server.clone(),
        }
    }

    /// A topic; a browser's key tells nobody anything.
    pub fn shown_target(&self) -> String {
        if self.secret_path() { String::new() } else { self.target.clone() }
    }

    fn secret_path(&self) -> bool {
        self.kind().is_ok_and(|kind| kind.secret_path)
    }

    pub fn kind(&self) -> Result<&'static Kind> {
        kinds::find(&self.kind).ok_or(Error::NotFound("kind of channel"))
    }

    /// Its message with all that it takes to send it; each use of a secret is on record.
    pub fn parcel(&self, tx: &Tx<'_>, vault: &Vault, words: Words, by: &By) -> Result<Parcel> {
        let Some(person) = callers::user(tx, self.user_id)? else {
            return Err(Error::Denied("Whose channel it is was switched off.".to_owned()));
        };
        let purpose = format!("the channel {}", self.name);
        let secret =
            |name: &String| Ok((name.clone(), vault.spend(tx, &self.entry(name), &purpose, by)?));
        let secrets = self.secrets.iter().map(secret).collect::<Result<_>>()?;
        let admin = person.role == Role::Admin;
        Ok(Parcel { channel: self.clone(), secrets, admin, words, watch: vault.watch(tx)? })
    }
}

/// Where somebody is told things is theirs to say, or an admin's key's: it is a way out.
fn may_change(caller: &Caller) -> Result<()> {
    caller.require(Scope::Write)?;
    caller.person().or_else(|_| caller.admin())
}

pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Channel>> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    app.db.read(move |r| channels::list(r, user)).await
}

pub async fn find(app: &App, caller: &Caller, id: ChannelId) -> Result<Channel> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    app.db.read(move |r| channels::find(r, user, id)).await
}

pub async fn add(app: &App, caller: &Caller, new: New) -> Result<Channel> {
    may_change(caller)?;
    let kind = kinds::find(&new.kind).ok_or_else(|| {
        let known: Vec<&str> = kinds::ALL.iter().map(|kind| kind.name).collect();
        Error::invalid("kind", format!("The kind is one of {}.", known.join(", ")))
    })?;
    let checked = (kind.check)(new)?;
    let by = caller.by(app.clock.now());
    let channel = Channel {
        id: ChannelId::new(by.at),
        user_id: caller.user_id,
        kind: kind.name.to_owned(),
        name: check_text("name", &checked.name, NAME_CHARS_MAX, "Give it a name")?,
        server: checked.server,
        target: checked.target,
        secrets: checked.secrets.iter().map(|(name, _)| name.clone()).collect(),
        state: Standing::On,
        why: String::new(),
        failures: 0,
        rests_until: None,
        created_at: by.at,
        said_at: None,
    };
    let vault = app.vault.clone();
    app.db
        .write(move |tx| {
            room_for(tx, &channel)?;
            channels::insert(tx, &channel)?;
            for (name, value) in &checked.secrets {
                let about = format!("For the channel {} of {}", channel.name, kind.label);
                vault.put(tx, &channel.entry(name), value, &about, &by)?;
            }
            audit::record(tx, audit::Entry::new(&by, "notifications.add_channel", &channel.name))?;
            Ok(channel)
        })
        .await
}

fn room_for(r: &Reader<'_>, new: &Channel) -> Result<()> {
    let there = channels::list(r, new.user_id)?;
    if CHANNELS_MAX <= there.len() {
        let message = format!("{CHANNELS_MAX} channels are the most. Remove one first.");
        return Err(Error::Conflict(message));
    }
    let same =
        |it: &Channel| (&it.kind, &it.server, &it.target) == (&new.kind, &new.server, &new.target);
    match there.iter().find(|it| same(it)) {
        // Two accounts of one service differ in what nobody may see.
        Some(_) if new.target.is_empty() => Ok(()),
        Some(it) => Err(Error::Conflict(format!("That is the channel {} already.", it.name))),
        None => Ok(()),
    }
}

pub struct Change {
    pub name: Option<String>,
    pub enabled: Option<bool>,
}

pub async fn change(app: &App, caller: &Caller, id: ChannelId, change: Change) -> Result<Channel> {
    may_change(caller)?;
    let name = change.name.as_deref();
    let name = name.map(|name| check_text("name", name, NAME_CHARS_MAX, "Give it a name"));
    let (name, by, user) = (name.transpose()?, caller.by(app.clock.now()), caller.user_id);
    app.db
        .write(move |tx| {
            let channel = channels::find(tx, user, id)?;
            if let Some(name) = name {
                channels::rename(tx, id, &name)?;
            }
            match change.enabled {
                Some(true) => channels::set_state(tx, id, Standing::On, "")?,
                Some(false) => {
                    channels::set_state(tx, id, Standing::Off, "")?;
                    let why = (Came::Dropped, "The channel was switched off before.");
                    deliveries::end_waiting(tx, id, why, by.at)?;
                }
                None => {}
            }
            audit::record(
                tx,
                audit::Entry::new(&by, "notifications.change_channel", channel.name),
            )?;
            tx.wake(job::DELIVER);
            channels::find(tx, user, id)
        })
        .await
}

/// With its secrets, and the rows of what was told over it.
pub async fn remove(app: &App, caller: &Caller, id: ChannelId) -> Result<Channel> {
    may_change(caller)?;
    let (by, user) = (caller.by(app.clock.now()), caller.user_id);
    app.db
        .write(move |tx| {
            let channel = channels::find(tx, user, id)?;
            channels::delete(tx, id)?;
            for secret in &channel.secrets {
                let entry = channel.entry(secret);
                if vault::find(tx, &entry)?.is_some() {
                    vault::delete(tx, &entry, &by)?;
                }
            }
            let entry = audit::Entry::new(&by, "notifications.remove_channel", &channel.name);
            audit::record(tx, entry)?;
            Ok(channel)
        })
        .await
}

/// Says something now, whatever the hour; gives whether it was taken, and the peer's answer in a
/// sentence. A channel that was stopped is on again when it was.
pub async fn test(app: &App, caller: &Caller, id: ChannelId) -> Result<(bool, String)> {
    may_change(caller)?;
    let (by, user, vault) = (caller.by(app.clock.now()), caller.user_id, app.vault.clone());
    let words = Words::test(app);
    let packed = app
        .db
        .write(move |tx| {
            let channel = channels::find(tx, user, id)?;
            audit::record(tx, audit::Entry::new(&by, "notifications.test", &channel.name))?;
            match channel.parcel(tx, &vault, words, &by) {
                Ok(parcel) => Ok(Ok(parcel)),
                Err(Error::Denied(why)) => Ok(Err(why)),
                Err(err) => Err(err),
            }
        })
        .await?;
    let parcel = match packed {
        Ok(parcel) => parcel,
        Err(why) => return Ok((false, why)),
    };
    let stopped = parcel.channel.state == Standing::Stopped;
    let outcome = kinds::say(app, parcel).await;
    let now = app.clock.now();
    if let Outcome::Sent(words) = outcome {
        app.db
            .write(move |tx| {
                if stopped {
                    channels::set_state(tx, id, Standing::On, "")?;
                }
                channels::took(tx, id, now)
            })
            .await?;
        return Ok((true, words));
    }
    Ok((false, outcome.words().to_owned()))
}
