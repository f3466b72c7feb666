//! A conversation's history as others see it: stored rows, and the live broadcast that the page,
//! the socket, Telegram and webhooks read.
//!
//! `seq` is a position in the conversation: a text takes as many as it has bytes, anything else
//! takes one. So a reader that saw part of a text can ask for exactly the rest.

mod store;
mod subscription;

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use crate::db::{Db, Tx};
use crate::error::Result;
use crate::guard::verdict::Offer;
use crate::ids::{ConversationId, RunId, ToolCallId};
use crate::outside::model::Usage;

pub use subscription::Subscription;

/// Events a slow reader may fall behind before it has to read the rows again.
const BEHIND_MAX: usize = 1_024;
/// How far `seq` jumps when a process first speaks in a conversation, so that what a killed process
/// said but did not store is never mistaken for something new. Larger than any unsealed text.
const RESTART_GAP: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody wrote: the owner in another tab, a mail, a reminder that came due.
    Message {
        message_id: String,
        role: String,
        content: String,
    },
    RunStarted,
    /// Live: a piece of the answer. Stored: a sealed block of it.
    Text {
        content: String,
    },
    /// The block that ends here is complete; its text came before as pieces. Live only.
    Sealed {
        content: String,
    },
    ToolStart {
        call_id: ToolCallId,
        tool_name: String,
        arguments: Value,
    },
    ToolDone {
        call_id: ToolCallId,
        tool_name: String,
        success: bool,
        result_summary: String,
        confirmed: bool,
        /// Of a denied call: what the owner could add so that it would pass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Offer>,
    },
    ConfirmationRequired {
        call_id: ToolCallId,
        tool_name: String,
        arguments: Value,
        description: String,
        origins: Vec<String>,
    },
    /// A call goes at `until`, unless it is taken back.
    Held {
        call_id: ToolCallId,
        tool_name: String,
        arguments: Value,
        until: Timestamp,
    },
    /// An approval was answered (here or elsewhere), or withdrawn.
    ConfirmationAnswered {
        call_id: ToolCallId,
        approved: bool,
        by: String,
    },
    Images {
        data_urls: Vec<String>,
    },
    /// The provider asked for a pause, and is asked again at `until`. Live only.
    Retrying {
        provider: String,
        seconds: u64,
        until: Timestamp,
    },
    /// The last of a turn.
    Done {
        text: String,
        tool_calls_made: u32,
        usage: Usage,
        model: String,
    },
    /// The run has ended without an answer.
    Error {
        message: String,
        code: String,
    },
}

/// An event with its place in the conversation's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub run_id: Option<RunId>,
    pub at: Timestamp,
    /// On disk. A text that is not is the unfinished end of an answer.
    pub stored: bool,
    pub event: Event,
}

/// The live side of all conversations.
#[derive(Clone, Default)]
pub struct Events {
    conversations: Arc<Mutex<HashMap<ConversationId, Live>>>,
    changes: Arc<watch::Sender<u64>>,
}

struct Live {
    /// The seq of the last event handed out.
    last: u64,
    /// Text said but not sealed, ending at `last`.
    tail: String,
    tail_run: Option<RunId>,
    /// Those that began here and have not ended.
    runs: Vec<RunId>,
    readers: broadcast::Sender<Arc<Entry>>,
}

impl Events {
    /// Stores an event with the change that caused it, and tells the readers after the commit.
    pub fn record(
        &self,
        tx: &Tx<'_>,
        conversation: ConversationId,
        run_id: Option<RunId>,
        at: Timestamp,
        event: Event,
    ) -> Result<()> {
        let stored = store::last_seq(tx, conversation)?;
        let positions = match &event {
            Event::Text { content } => content.len() as u64,
            _ => 1,
        };
        let seq = self.with(conversation, stored, |live| {
            // Whoever opened it may have read the rows before others came.
            live.last = live.last.max(stored) + positions;
            live.last
        });
        if let Event::Text { .. } = &event {
            // Said at once instead of piece by piece: the pieces are one.
            let piece = Entry { seq, run_id, at, stored: false, event: event.clone() };
            let events = self.clone();
            tx.after_commit(move || events.tell(conversation, piece));
        }
        self.store(tx, conversation, Entry { seq, run_id, at, stored: true, event }, false)
    }

    /// Stores a block of text that was said piece by piece; `entry.seq` is what [`Events::say`]
    /// gave for its last piece.
    pub fn record_at(&self, tx: &Tx<'_>, conversation: ConversationId, entry: Entry) -> Result<()> {
        self.store(tx, conversation, entry, true)
    }

    fn store(
        &self,
        tx: &Tx<'_>,
        conversation: ConversationId,
        entry: Entry,
        seals: bool,
    ) -> Result<()> {
        store::insert(tx, conversation, &entry)?;
        let events = self.clone();
        tx.after_commit(move || events.publish(conversation, entry, seals));
        Ok(())
    }

    /// A piece of an answer, told to the readers at once and stored when its block is sealed.
    /// Gives its position; only a run that was recorded as started may speak.
    pub fn say(&self, conversation: ConversationId, run: RunId, at: Timestamp, piece: &str) -> u64 {
        let mut conversations = self.lock();
        let Some(live) = conversations.get_mut(&conversation) else { return 0 };
        live.last += piece.len() as u64;
        live.tail.push_str(piece);
        live.tail_run = Some(run);
        let event = Event::Text { content: piece.to_owned() };
        let entry = Entry { seq: live.last, run_id: Some(run), at, stored: false, event };
        let _ = live.readers.send(Arc::new(entry));
        live.last
    }

    /// The position of the last event of a conversation that this process speaks in.
    pub fn position(&self, conversation: ConversationId) -> u64 {
        self.lock().get(&conversation).map_or(0, |live| live.last)
    }

    /// Forgets text that was said and will never be stored: its model call was given up.
    pub fn drop_tail(&self, conversation: ConversationId) {
        if let Some(live) = self.lock().get_mut(&conversation) {
            live.tail.clear();
        }
    }

    /// The position of the last event that is on disk.
    pub async fn last_seq(&self, db: &Db, conversation: ConversationId) -> Result<u64> {
        db.read(move |r| store::last_seq(r, conversation)).await
    }

    /// What is stored of a conversation before `before`: the latest `limit` events of it, in order.
    pub async fn history(
        &self,
        db: &Db,
        conversation: ConversationId,
        (before, limit): (u64, u32),
    ) -> Result<Vec<Entry>> {
        db.read(move |r| store::list_latest(r, conversation, before, limit)).await
    }

    /// Wakes when something changed that stands on every page: a question was asked or answered,
    /// a reminder came due.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Wakes them after the commit of another such change: a pause, or its end.
    pub fn changed(&self, tx: &Tx<'_>) {
        let changes = self.changes.clone();
        tx.after_commit(move || changes.send_modify(|count| *count += 1));
    }

    /// `seals`: what it holds was said before, and stands at the beginning of the tail.
    fn publish(&self, conversation: ConversationId, entry: Entry, seals: bool) {
        if stands_on_every_page(&entry.event) {
            self.changes.send_modify(|count| *count += 1);
        }
        let mut conversations = self.lock();
        let begins = matches!(entry.event, Event::RunStarted);
        let live = match conversations.entry(conversation) {
            MapEntry::Occupied(live) => live.into_mut(),
            MapEntry::Vacant(place) if begins => place.insert(Live::at(entry.seq)),
            MapEntry::Vacant(_) => return,
        };
        let ends = matches!(entry.event, Event::Done { .. } | Event::Error { .. });
        live.follow(entry.run_id, (begins, ends));
        // One that began in the same commit as this one ended is heard of next.
        let is_last = live.last <= entry.seq;
        let entry = match entry.event {
            Event::Text { content } => {
                if seals && live.tail_run == entry.run_id {
                    live.seal(content.len());
                }
                Entry { event: Event::Sealed { content }, ..entry }
            }
            _ => entry,
        };
        let _ = live.readers.send(Arc::new(entry));
        if ends && is_last && live.is_quiet() {
            conversations.remove(&conversation);
        }
    }

    /// A reader goes. What nobody reads and nobody speaks in is begun anew when it is needed.
    fn leave(&self, conversation: ConversationId, reader: broadcast::Receiver<Arc<Entry>>) {
        let mut conversations = self.lock();
        drop(reader);
        if conversations.get(&conversation).is_some_and(Live::is_quiet) {
            conversations.remove(&conversation);
        }
    }

    /// Tells whoever listens what is not stored: what can't be just now, so that nobody waits for it
    /// in vain, and what is of no use later.
    pub fn tell_unstored(
        &self,
        conversation: ConversationId,
        run_id: RunId,
        at: Timestamp,
        event: Event,
    ) {
        let mut conversations = self.lock();
        let Some(live) = conversations.get_mut(&conversation) else { return };
        live.last += 1;
        let entry = Entry { seq: live.last, run_id: Some(run_id), at, stored: false, event };
        let _ = live.readers.send(Arc::new(entry));
    }

    fn tell(&self, conversation: ConversationId, entry: Entry) {
        if let Some(live) = self.lock().get(&conversation) {
            let _ = live.readers.send(Arc::new(entry));
        }
    }

    fn with<T>(
        &self,
        conversation: ConversationId,
        stored_last: u64,
        f: impl FnOnce(&mut Live) -> T,
    ) -> T {
        let mut conversations = self.lock();
        let first = if stored_last == 0 { 0 } else { stored_last + RESTART_GAP };
        f(conversations.entry(conversation).or_insert_with(|| Live::at(first)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Live>> {
        self.conversations.lock().expect("nobody panics while holding the live conversations")
    }
}

impl Live {
    fn at(last: u64) -> Live {
        let readers = broadcast::channel(BEHIND_MAX).0;
        Live { last, tail: String::new(), tail_run: None, runs: Vec::new(), readers }
    }

    /// Takes down who speaks here, and who no longer does.
    fn follow(&mut self, run: Option<RunId>, (begins, ends): (bool, bool)) {
        let Some(run) = run.filter(|_| begins || ends) else { return };
        self.runs.retain(|other| *other != run);
        if begins {
            self.runs.push(run);
        } else if self.tail_run == Some(run) {
            self.tail.clear();
        }
    }

    /// The beginning of the tail is stored. A secret is stored masked, so the lengths may differ.
    fn seal(&mut self, length: usize) {
        let end = self.tail.ceil_char_boundary(length.min(self.tail.len()));
        self.tail.drain(..end);
    }

    fn is_quiet(&self) -> bool {
        self.runs.is_empty() && self.tail.is_empty() && self.readers.receiver_count() == 0
    }
}

fn stands_on_every_page(event: &Event) -> bool {
    match event {
        Event::Message { role, .. } => role != "user",
        Event::ConfirmationRequired { .. } | Event::ConfirmationAnswered { .. } => true,
        // A run that ends takes its questions with it.
        Event::Error { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
