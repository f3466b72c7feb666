//! The outbox: what is told goes into it in the transaction of what it tells of, and leaves it once.
//!
//! A row is marked as being sent before a byte of it leaves, so what a kill interrupts is known to be
//! unknown and is not said again. Only what surely did not arrive is tried again: the whole channel
//! rests, longer each time, until it takes something or is given up.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::channel::{Channel, Standing};
use super::kinds::{Outcome, Parcel, Words};
use super::store::{channels, deliveries, quiet};
use super::{Notification, Telling, note};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{ChannelId, NotificationId};
use crate::vault::Vault;

/// Looked at in one go.
const DUE_MAX: u32 = 200;
/// More than so many at once are said in one summary.
const SEPARATE_MAX: usize = 5;
/// Tries in a row that came to nothing, after which what waits is given up: about two hours.
pub const TRIES_MAX: u32 = 8;
const PAUSE_FIRST: SignedDuration = SignedDuration::from_mins(1);
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// A peer that wants to be left alone for longer is tried all the same.
const ASKED_PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
const KEPT: &str = "It is kept until your quiet hours end.";
const CUT_OFF: &str = "Steward stopped while this was being sent, so nobody knows whether it arrived. It is not sent again.";

/// What became of one notification on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub channel_id: ChannelId,
    pub channel: String,
    pub state: Came,
    pub words: String,
    pub tries: u32,
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Waiting,
    Sending,
    Sent,
    Refused,
    Unknown,
    GivenUp,
    /// There was no need any more.
    Dropped,
}

impl Came {
    const ALL: [Came; 7] = [
        Came::Waiting,
        Came::Sending,
        Came::Sent,
        Came::Refused,
        Came::Unknown,
        Came::GivenUp,
        Came::Dropped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Came::Waiting => "waiting",
            Came::Sending => "sending",
            Came::Sent => "sent",
            Came::Refused => "refused",
            Came::Unknown => "unknown",
            Came::GivenUp => "given_up",
            Came::Dropped => "dropped",
        }
    }

    pub fn parse(text: &str) -> Option<Came> {
        Came::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// A row whose time has come.
pub struct Due {
    pub notification: Notification,
    pub channel_id: ChannelId,
    pub held: bool,
}

/// What is on its way: one message, and the notifications that it says.
pub struct Claimed {
    pub channel: Channel,
    pub told: Vec<NotificationId>,
    pub parcel: Parcel,
}

/// What the outbox has to know to decide.
#[derive(Clone)]
pub struct Desk {
    pub vault: std::sync::Arc<Vault>,
    pub name: String,
    pub zone: TimeZone,
    pub now: Timestamp,
}

impl Desk {
    pub fn of(app: &App) -> Desk {
        let name = app.config.get().agent.name.clone();
        let (vault, now) = (app.vault.clone(), app.clock.now());
        Desk { vault, name, zone: app.config.zone(), now }
    }
}

/// Rows that an earlier life of the program left as being sent.
pub fn forsake(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    deliveries::forsake(tx, CUT_OFF, now)?;
    Ok(())
}

/// Takes the next message of each channel out of the line; none: nothing is due.
pub fn claim(tx: &Tx<'_>, desk: &Desk) -> Result<Vec<Claimed>> {
    let mut lines: BTreeMap<String, Vec<Due>> = BTreeMap::new();
    for due in deliveries::due(tx, desk.now, DUE_MAX)? {
        if let Some(due) = still_wanted(tx, desk, due)? {
            lines.entry(due.channel_id.to_string()).or_default().push(due);
        }
    }
    let mut claimed = Vec::new();
    for line in lines.into_values() {
        claimed.extend(pack(tx, desk, line)?);
    }
    Ok(claimed)
}

fn still_wanted(tx: &Tx<'_>, desk: &Desk, due: Due) -> Result<Option<Due>> {
    let told = &due.notification;
    if told.read_at.is_some() {
        let why = (Came::Dropped, "It was read here before it was sent.");
        deliveries::end(tx, due.channel_id, told.id, why, desk.now)?;
        return Ok(None);
    }
    let hours = quiet::find(tx, told.user_id)?.filter(|it| !(it.approvals && told.asks()));
    if let Some(end) = hours.and_then(|it| it.until(desk.now, &desk.zone)) {
        deliveries::hold(tx, due.channel_id, told.id, KEPT, end)?;
        return Ok(None);
    }
    Ok(Some(due))
}

fn pack(tx: &Tx<'_>, desk: &Desk, line: Vec<Due>) -> Result<Option<Claimed>> {
    let Some(first) = line.first() else { return Ok(None) };
    let channel = channels::get(tx, first.channel_id)?;
    let (mut held, mut now): (Vec<Due>, Vec<Due>) = line.into_iter().partition(|due| due.held);
    let kept = !held.is_empty();
    if kept {
        now = std::mem::take(&mut held);
    } else if now.len() <= SEPARATE_MAX {
        now.truncate(1);
    }
    let told: Vec<Notification> = now.into_iter().map(|due| due.notification).collect();
    let words = Words::of(&told, kept, &desk.name);
    let told: Vec<NotificationId> = told.into_iter().map(|one| one.id).collect();
    for id in &told {
        deliveries::sending(tx, channel.id, *id)?;
    }
    match channel.parcel(tx, &desk.vault, words, &By::system(desk.now)) {
        Ok(parcel) => Ok(Some(Claimed { channel, told, parcel })),
        Err(Error::Denied(words)) => {
            let outcome = Outcome::Refused { words, stop: true };
            settle(tx, &channel, &told, &outcome, desk.now)?;
            Ok(None)
        }
        Err(err) => Err(err),
    }
}

/// Writes down what came of one message.
pub fn settle(
    tx: &Tx<'_>,
    channel: &Channel,
    told: &[NotificationId],
    outcome: &Outcome,
    now: Timestamp,
) -> Result<()> {
    let end = |came, words: &str| {
        told.iter().try_for_each(|id| deliveries::end(tx, channel.id, *id, (came, words), now))
    };
    let came = match outcome {
        Outcome::Sent(words) => {
            end(Came::Sent, words)?;
            channels::took(tx, channel.id, now)?;
            Came::Sent
        }
        Outcome::Unknown(words) => {
            end(Came::Unknown, &format!("{words} It is not sent again."))?;
            Came::Unknown
        }
        Outcome::Refused { words, stop } => {
            end(Came::Refused, words)?;
            refused(tx, channel, words, *stop, now)?;
            Came::Refused
        }
        Outcome::Later { words, pause } => {
            for id in told {
                deliveries::wait_again(tx, channel.id, *id, words)?;
            }
            match channels::get(tx, channel.id) {
                Ok(now_is) if now_is.state == Standing::On => {
                    rest(tx, channel, words, *pause, now)?;
                }
                // Somebody switched it off meanwhile.
                _ => {
                    deliveries::end_waiting(tx, channel.id, (Came::Dropped, words), now)?;
                }
            }
            Came::Waiting
        }
    };
    let entry = audit::Entry::new(&By::system(now), "notifications.deliver", &channel.name);
    let detail = json!({"came": came.as_str(), "notifications": told.len()});
    audit::record(tx, entry.detail(detail))?;
    Ok(())
}

fn refused(tx: &Tx<'_>, channel: &Channel, words: &str, stop: bool, now: Timestamp) -> Result<()> {
    let name = &channel.name;
    if !stop {
        return say_here(tx, channel, &format!("{name} did not take a message. {words}"), now);
    }
    // Somebody may have switched it off or removed it meanwhile.
    let Ok(found) = channels::get(tx, channel.id) else { return Ok(()) };
    if found.state == Standing::On {
        channels::set_state(tx, channel.id, Standing::Stopped, words)?;
    }
    let why = (Came::Dropped, "The channel takes nothing until you have looked at it.");
    deliveries::end_waiting(tx, channel.id, why, now)?;
    say_here(tx, channel, &format!("{name} tells you nothing more. {words}"), now)
}

fn rest(
    tx: &Tx<'_>,
    channel: &Channel,
    words: &str,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> Result<()> {
    let failures = channel.failures + 1;
    if failures < TRIES_MAX {
        let asked = asked.unwrap_or_default().min(ASKED_PAUSE_MAX);
        let until = now + pause_after(failures).max(asked);
        return channels::rest(tx, channel.id, failures, Some(until));
    }
    channels::rest(tx, channel.id, 0, None)?;
    let why = format!("Given up after {TRIES_MAX} tries. {words}");
    let count = deliveries::end_waiting(tx, channel.id, (Came::GivenUp, &why), now)?;
    let what = if count == 1 { "a message".to_owned() } else { format!("{count} messages") };
    let name = &channel.name;
    say_here(
        tx,
        channel,
        &format!("{name} did not get {what}, after {TRIES_MAX} tries. {words}"),
        now,
    )
}

/// In the pages alone, for the channel is what is in trouble; once until it was read.
fn say_here(tx: &Tx<'_>, channel: &Channel, text: &str, now: Timestamp) -> Result<()> {
    let link = Some(super::SETTINGS.to_owned());
    note(tx, &Telling { user_id: channel.user_id, kind: "channel", text, link }, now)
}

/// 1 min, 2, 4 … up to an hour.
fn pause_after(failures: u32) -> SignedDuration {
    let doubled = 1_i32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(i32::MAX);
    PAUSE_FIRST.checked_mul(doubled).unwrap_or(PAUSE_MAX).min(PAUSE_MAX)
}

pub fn next_due(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    deliveries::next_due(r)
}
