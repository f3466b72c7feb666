//! What the conversations at work have said and read, kept in memory between calls, so that a
//! verdict on a long conversation reads only what is new in it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::Run;
use super::store::messages::Message;
use super::store::{calls, memory, messages};
use super::toolbox::Shown;
use crate::db::Reader;
use crate::error::Result;
use crate::guard::grounding::{Read, Said};
use crate::ids::{ConversationId, MessageId, ToolCallId};
use crate::label::{Label, Origin, Trust};
use crate::spelling::quoted;

/// Conversations kept at most, the latest used; what falls out is read again from its rows.
const KEPT_MAX: usize = 16;
/// Conversations of which it is known whether anybody is quoted in them.
const QUOTES_KEPT_MAX: usize = 256;
/// Text in all conversations kept; what is made of it takes several times as much.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Shared by all runs. It holds nothing that the rows don't.
#[derive(Clone, Default)]
pub struct Heard {
    conversations: Arc<Mutex<VecDeque<(ConversationId, Conversation)>>>,
    quotes: Arc<Mutex<VecDeque<(ConversationId, Quotes)>>>,
}

/// Whether the owner quoted somebody. Each answer asks this, also where no call is ever judged, so it
/// is kept apart from what a verdict needs.
#[derive(Default)]
struct Quotes {
    /// Its number and id: the number of one that was rolled back is given away again.
    last: Option<(i64, MessageId)>,
    any: bool,
}

/// Messages, files and results are only ever added, so this only grows.
struct Conversation {
    said: Arc<Said>,
    read: Arc<Read>,
    /// "Tomorrow" was set against days of this zone.
    zone: TimeZone,
    last_message: i64,
    last_attachment: i64,
    calls: HashSet<ToolCallId>,
    shown: HashSet<Arc<str>>,
    bytes: usize,
}

impl Heard {
    /// What was said and read, as the run's conversation is now. `shown` stands in no row of it:
    /// words of others that the model is given with its tools.
    pub fn of(
        &self,
        r: &Reader<'_>,
        run: &Run,
        now: &Zoned,
        shown: Vec<Shown>,
    ) -> Result<(Arc<Said>, Arc<Read>)> {
        let (id, zone) = (run.conversation_id, now.time_zone());
        let known = self.take(id).filter(|known| known.zone == *zone);
        let mut conversation = known.unwrap_or_else(|| Conversation::new(zone));
        conversation.catch_up(r, id)?;
        conversation.stand(&run.persona.label, &run.persona.prompt, now);
        for it in memory::of(r, run.layers())?.entries {
            conversation.stand(&it.label, &it.line(), now);
        }
        conversation.show(shown);
        let found = (conversation.said.clone(), conversation.read.clone());
        self.keep(id, conversation);
        Ok(found)
    }

    /// Whether the owner has quoted somebody in this conversation.
    pub fn quotes(&self, r: &Reader<'_>, id: ConversationId) -> Result<bool> {
        let mut kept = self.quotes.lock().expect("nobody panics while moving an entry");
        let at = kept.iter().position(|(kept, _)| *kept == id);
        let mut quotes = at.and_then(|at| kept.remove(at)).map(|(_, it)| it).unwrap_or_default();
        drop(kept);
        if let Some((seq, message)) = quotes.last
            && messages::id_at(r, seq)? != Some(message)
        {
            quotes = Quotes::default();
        }
        for message in messages::list_after(r, id, quotes.last.map_or(0, |(seq, _)| seq))? {
            quotes.last = Some((message.seq, message.id));
            quotes.any |= is_owners(&message) && quoted::split(&message.text).is_some();
        }
        let any = quotes.any;
        let mut kept = self.quotes.lock().expect("nobody panics while moving an entry");
        kept.retain(|(other, _)| *other != id);
        kept.push_front((id, quotes));
        kept.truncate(QUOTES_KEPT_MAX);
        Ok(any)
    }

    fn take(&self, id: ConversationId) -> Option<Conversation> {
        let mut kept = self.conversations.lock().expect("nobody panics while moving an entry");
        let at = kept.iter().position(|(kept, _)| *kept == id)?;
        kept.remove(at).map(|(_, conversation)| conversation)
    }

    fn keep(&self, id: ConversationId, conversation: Conversation) {
        let mut kept = self.conversations.lock().expect("nobody panics while moving an entry");
        kept.retain(|(other, _)| *other != id);
        kept.push_front((id, conversation));
        let mut bytes = 0;
        let fits = kept.iter().take(KEPT_MAX).take_while(|(_, it)| {
            bytes += it.bytes;
            bytes <= KEPT_BYTES_MAX
        });
        let fits = fits.count().max(1);
        kept.truncate(fits);
    }
}

impl Conversation {
    fn new(zone: &TimeZone) -> Conversation {
        Conversation {
            said: Arc::default(),
            read: Arc::default(),
            zone: zone.clone(),
            last_message: 0,
            last_attachment: 0,
            calls: HashSet::new(),
            shown: HashSet::new(),
            bytes: 0,
        }
    }

    fn catch_up(&mut self, r: &Reader<'_>, id: ConversationId) -> Result<()> {
        for message in messages::list_after(r, id, self.last_message)? {
            self.last_message = message.seq;
            self.bytes += message.text.len();
            if is_owners(&message) {
                let at = message.created_at.to_zoned(self.zone.clone());
                let (said, read) = (Arc::make_mut(&mut self.said), Arc::make_mut(&mut self.read));
                hear((said, read), &message.text, &at);
            } else if message.role == "assistant" {
                // What made its words foreign was read before, and counts there for what it is.
                let read = Arc::make_mut(&mut self.read);
                read.add_description(&message.label, &message.text);
            } else {
                Arc::make_mut(&mut self.read).add(&message.label, &message.text);
            }
        }
        for (attachment, name, text) in messages::attached_after(r, id, self.last_attachment)? {
            self.last_attachment = attachment;
            let text = text.unwrap_or_default();
            self.bytes += text.len();
            Arc::make_mut(&mut self.read).add(&Label::outside(Origin::File(name)), &text);
        }
        for call in calls::list_answered(r, id)? {
            if !self.calls.insert(call) {
                continue;
            }
            let call = calls::find(r, call)?;
            let (Some(label), Some(text)) = (call.result_label, call.result) else { continue };
            self.bytes += text.len();
            Arc::make_mut(&mut self.read).add(&label, &text);
        }
        Ok(())
    }

    /// What was written down for the agent once and for all: by its owner, or by somebody else.
    fn stand(&mut self, label: &Label, words: &str, now: &Zoned) {
        // The same words are others once their owner has made them their own.
        let known: Arc<str> = format!("{:?}: {words}", label.trust).into();
        if words.is_empty() || !self.shown.insert(known) {
            return;
        }
        self.bytes += words.len();
        match label.trust {
            Trust::Owner => Arc::make_mut(&mut self.said).add(words, now),
            Trust::Own => {}
            Trust::Outside => Arc::make_mut(&mut self.read).add(label, words),
        }
    }

    fn show(&mut self, shown: Vec<Shown>) {
        for (label, text) in shown {
            if !self.shown.contains(&text) {
                self.bytes += text.len();
                Arc::make_mut(&mut self.read).add_description(&label, &text);
                self.shown.insert(text);
            }
        }
    }
}

fn is_owners(message: &Message) -> bool {
    message.role == "user" && message.label.trust == Trust::Owner
}

/// A message of the owner's: their own words are said, and what they quote in it was read.
pub fn hear((said, read): (&mut Said, &mut Read), message: &str, at: &Zoned) {
    match quoted::split(message) {
        None => said.add(message, at),
        Some(split) => {
            said.add(&split.own, at);
            read.add(&Label::outside(Origin::Quoted), &split.quoted);
        }
    }
}
