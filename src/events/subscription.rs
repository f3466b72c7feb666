//! One reader of a conversation: what it missed, page by page, and then what happens.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast;

use super::store::{self, PAGE_ROWS};
use super::{Entry, Event, Events};
use crate::db::Db;
use crate::error::Result;
use crate::ids::ConversationId;

/// What a reader missed, and then what happens: each event once.
pub struct Subscription {
    events: Events,
    db: Db,
    conversation: ConversationId,
    /// Up to where the reader knows the history.
    after: u64,
    /// Up to where the rows were read; `None`: to their end.
    read_to: Option<u64>,
    missed: VecDeque<Entry>,
    missed_seqs: HashSet<u64>,
    text_end: u64,
    /// None: it is going.
    live: Option<broadcast::Receiver<Arc<Entry>>>,
}

impl Events {
    /// What happened after the position `after`, and what happens from now on.
    pub async fn subscribe(
        &self,
        db: &Db,
        conversation: ConversationId,
        after: u64,
    ) -> Result<Subscription> {
        let last = self.last_seq(db, conversation).await?;
        let live = self.with(conversation, last, |live| live.readers.subscribe());
        let mut subscription = Subscription {
            events: self.clone(),
            db: db.clone(),
            conversation,
            after,
            read_to: Some(after),
            missed: VecDeque::new(),
            missed_seqs: HashSet::new(),
            text_end: 0,
            live: Some(live),
        };
        subscription.read_on(after).await?;
        Ok(subscription)
    }

    fn tail(&self, conversation: ConversationId, known_to: u64) -> Option<Entry> {
        let conversations = self.lock();
        let live = conversations.get(&conversation)?;
        let run_id = live.tail_run;
        if live.tail.is_empty() || live.last <= known_to {
            return None;
        }
        let event = Event::Text { content: live.tail.clone() };
        // The tail is live text: nothing was stored for it, so its time is the reader's affair.
        Some(Entry { seq: live.last, run_id, at: Timestamp::UNIX_EPOCH, stored: false, event })
    }
}

impl Subscription {
    /// The next event. `None` when the reader fell too far behind, the rows can't be read or the
    /// house closes: it should subscribe again after the last `seq` it saw.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if let Some(entry) = self.missed.pop_front() {
                return Some(Arc::new(entry));
            }
            let Some(read_to) = self.read_to else { break };
            let read = self.read_on(read_to).await;
            read.inspect_err(|err| tracing::error!("a history is not read on: {err}")).ok()?;
        }
        loop {
            let entry = self.live.as_mut()?.recv().await.ok()?;
            let known = match entry.event {
                Event::Text { .. } => entry.seq <= self.text_end,
                _ => self.missed_seqs.contains(&entry.seq),
            };
            if !known {
                return Some(entry);
            }
        }
    }

    /// Reads the next page of rows, and after the last one the text that no row has yet. Nothing
    /// changes before the page is there, so that it may be broken off.
    async fn read_on(&mut self, read_to: u64) -> Result<()> {
        let (conversation, after) = (self.conversation, self.after);
        let page = self.db.read(move |r| store::list_after(r, conversation, read_to)).await?;
        let known_to = page.last().map_or(read_to, |entry| entry.seq);
        let is_last = page.len() < PAGE_ROWS as usize;
        self.read_to = (!is_last).then_some(known_to);
        // The block that ends where the unfinished text ends now is still to come.
        self.missed_seqs.extend(page.iter().map(|entry| entry.seq));
        self.missed.extend(page);
        if is_last {
            self.missed.extend(self.events.tail(conversation, known_to));
        }
        for entry in &mut self.missed {
            cut_known_text(entry, after);
            if let Event::Text { .. } = entry.event {
                self.text_end = self.text_end.max(entry.seq);
            }
        }
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            self.events.leave(self.conversation, live);
        }
    }
}

/// Takes away the beginning of a text that the reader has seen.
fn cut_known_text(entry: &mut Entry, after: u64) {
    let Event::Text { content } = &mut entry.event else { return };
    let start = entry.seq.saturating_sub(content.len() as u64);
    if after <= start {
        return;
    }
    let mut known = usize::try_from(after - start).unwrap_or(usize::MAX).min(content.len());
    while !content.is_char_boundary(known) {
        known -= 1;
    }
    content.drain(..known);
}
