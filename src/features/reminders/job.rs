//! Says what is due: in the chat it was asked for in and as a notification, in one change with the
//! mark that it was said. So a kill at any instant leaves it either said or still due.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Reminder, store};
use crate::agent::store::messages::{self, NewMessage};
use crate::app::App;
use crate::audit::{self, By};
use crate::dates;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{Event, Events};
use crate::features::Job;
use crate::features::notifications::{self, Telling};
use crate::ids::MessageId;
use crate::label::Secrecy;

pub const DELIVER: &str = "reminders.deliver";
pub const ALL: &[Job] = &[Job { name: DELIVER, run: |app| Box::pin(deliver(app)) }];

/// Said in one transaction.
const BATCH_MAX: u32 = 50;
/// Later than this is late, and said to be.
const LATE: SignedDuration = SignedDuration::from_secs(60);

async fn deliver(app: App) -> Result<Option<Timestamp>> {
    loop {
        let (now, zone, events) = (app.clock.now(), app.config.zone(), app.events.clone());
        let said = app.db.write(move |tx| say_due(tx, &events, now, &zone)).await?;
        if said < BATCH_MAX as usize {
            return app.db.read(store::next_due).await;
        }
    }
}

fn say_due(tx: &Tx<'_>, events: &Events, now: Timestamp, zone: &TimeZone) -> Result<usize> {
    let due = store::claim_due(tx, now, BATCH_MAX)?;
    for reminder in &due {
        say(tx, events, reminder, now, zone)?;
    }
    Ok(due.len())
}

fn say(
    tx: &Tx<'_>,
    events: &Events,
    reminder: &Reminder,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<()> {
    let text = words(reminder, &reminder.text, now, zone);
    let conversation = match reminder.conversation_id {
        Some(id) => Some(id),
        None => store::latest_conversation(tx, reminder.user_id)?,
    };
    if let Some(conversation_id) = conversation {
        let id = MessageId::new(now);
        let new = NewMessage {
            id,
            conversation_id,
            run_id: None,
            role: "notice",
            text: &text,
            label: &reminder.label,
        };
        messages::insert(tx, &new, now)?;
        let event = Event::Message {
            message_id: id.to_string(),
            role: "notice".to_owned(),
            content: text.clone(),
        };
        events.record(tx, conversation_id, None, now, event)?;
    }
    let link = conversation.map_or_else(|| "/reminders".to_owned(), |id| format!("/chat/{id}"));
    let text = match reminder.label.secrecy {
        Secrecy::Secret => words(reminder, notifications::SECRET, now, zone),
        _ => text,
    };
    let telling =
        Telling { user_id: reminder.user_id, kind: "reminder", text: &text, link: Some(link) };
    notifications::tell(tx, &telling, now)?;
    audit::record(tx, audit::Entry::new(&By::system(now), "reminders.deliver", &reminder.text))?;
    Ok(())
}

/// Whether it was said so long after it was due that a person should know.
pub fn is_late(due_at: Timestamp, sent_at: Timestamp) -> bool {
    LATE <= sent_at.duration_since(due_at)
}

fn words(reminder: &Reminder, text: &str, now: Timestamp, zone: &TimeZone) -> String {
    if !is_late(reminder.due_at, now) {
        return format!("Reminder: {text}");
    }
    let due = dates::say_moment(&reminder.due_in(zone), &now.to_zoned(zone.clone()));
    format!(
        "Reminder: {text}\n\nIt was due {due} and comes late because Steward was not running then."
    )
}
