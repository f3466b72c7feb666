//! Conversations in which an agent is tried: whatever is said there is a rehearsal, and a day later
//! they go.

use jiff::{SignedDuration, Timestamp};

use super::{service, store};
use crate::agent::store::messages::{self, NewMessage};
use crate::app::App;
use crate::audit::By;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{Event, Events};
use crate::features::Job;
use crate::ids::{ConversationId, MessageId};
use crate::label::Label;

const PURGE: &str = "chat.purge_trials";
pub const JOBS: &[Job] = &[Job { name: PURGE, run: |app| Box::pin(purge(app)) }];

/// What their titles begin with; one that is renamed is kept.
pub const TITLE: &str = "Trial: ";
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const NOTICE: &str = "This is a trial: it reads for real, and what it would send, change or delete is \
                      not done, only said. Whatever you say here later is a trial too. After a day \
                      without a word this chat goes.";

pub fn begin(tx: &Tx<'_>, events: &Events, id: ConversationId, now: Timestamp) -> Result<()> {
    let message_id = MessageId::new(now);
    let new = NewMessage {
        id: message_id,
        conversation_id: id,
        run_id: None,
        role: "notice",
        text: NOTICE,
        label: &Label::system(),
    };
    messages::insert(tx, &new, now)?;
    let (message_id, role) = (message_id.to_string(), "notice".to_owned());
    let event = Event::Message { message_id, role, content: NOTICE.to_owned() };
    events.record(tx, id, None, now, event)?;
    tx.wake(PURGE);
    Ok(())
}

async fn purge(app: App) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    let trials = app.db.read(store::trials).await?;
    let mut next = None;
    for (id, user, updated_at) in trials {
        let ends = updated_at + KEPT;
        if now < ends {
            next = Some(next.map_or(ends, |next: Timestamp| next.min(ends)));
            continue;
        }
        match service::delete(&app, user, id, By::system(now)).await {
            // Its owner was quicker.
            Ok(()) | Err(Error::NotFound(_)) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(next)
}
