//! From what changed in a conversation to the events that change its page.

use std::collections::BTreeSet;

use axum::response::sse;
use serde_json::{Value, json};

use super::rows::Rows;
use super::transcript::{Change, Part, RunTurn, Transcript, Turn};
use super::view::{self, FootView, PartView, TurnView, part_id};
use crate::app::App;
use crate::events::Entry;
use crate::ids::{ConversationId, RunId, ToolCallId};
use crate::web::caller::Caller;
use crate::web::{markdown, seen};

pub struct Patches {
    app: App,
    conversation: ConversationId,
    transcript: Transcript,
    /// Runs whose unfinished block grew since it was sent.
    tails: BTreeSet<RunId>,
    running: bool,
    /// The reader may mend what is wrong with a model.
    admin: bool,
}

impl Patches {
    pub fn new(app: App, caller: &Caller, conversation: ConversationId) -> Patches {
        let (transcript, tails) = (Transcript::default(), BTreeSet::new());
        let admin = caller.admin().is_ok();
        Patches { app, conversation, transcript, tails, running: false, admin }
    }

    /// Takes the history in and gives, whole, the turns that a page which shows it up to `after`
    /// has not or may not have as they are now.
    pub async fn catch_up(&mut self, history: &[Entry], after: u64) -> Vec<sse::Event> {
        let mut places = BTreeSet::new();
        for entry in history {
            let changes = self.transcript.apply(entry);
            if entry.seq > after {
                places.extend(changes.iter().filter_map(|change| self.transcript.place(change)));
            }
        }
        // A block may have been sealed at a place before `after`, when something else was said
        // in between.
        places.extend(self.transcript.places_working());
        self.running = self.transcript.working();
        let mut events = Vec::new();
        for place in places {
            if let Some(entry) = history.last() {
                events.extend(self.event(&Change::Turn(place), entry).await);
            }
        }
        events
    }

    pub fn tail_changed(&self) -> bool {
        !self.tails.is_empty()
    }

    /// Takes one event of the conversation in.
    pub async fn take(&mut self, entry: &Entry) -> Vec<sse::Event> {
        let changes = self.transcript.apply(entry);
        let mut events = Vec::new();
        for change in changes {
            events.extend(self.event(&change, entry).await);
        }
        let running = self.transcript.working();
        if running != self.running {
            self.running = running;
            events.push(self.state());
        }
        events
    }

    pub fn state(&self) -> sse::Event {
        let state = json!({"running": self.running, "say": self.transcript.says()});
        named("state", &state)
    }

    /// The unfinished blocks as they stand now.
    pub fn tails(&mut self) -> Vec<sse::Event> {
        let runs = std::mem::take(&mut self.tails);
        let found = runs.iter().filter_map(|id| self.transcript.run(*id));
        found
            .map(|run| {
                let html = markdown::render_tail(&run.tail);
                named("tail", &json!({"run": run.id, "html": html.as_str()}))
            })
            .collect()
    }

    async fn event(&mut self, change: &Change, entry: &Entry) -> Option<sse::Event> {
        match change {
            Change::Tail(run) => {
                self.tails.insert(*run);
                None
            }
            Change::Sealed(run, text) => {
                self.tails.remove(run);
                let tail = self.transcript.run(*run).map(|run| markdown::render_tail(&run.tail));
                let block = view::TextView { html: markdown::render(text) };
                let seal = json!({
                    "seq": entry.seq, "run": run, "html": block.to_string(),
                    "tail": tail.unwrap_or_default().as_str(),
                });
                Some(named("seal", &seal).id(entry.seq.to_string()))
            }
            Change::Turn(place) => {
                let html = self.turn(*place).await?;
                let id = TurnView::id(self.transcript.turns.get(*place)?);
                Some(put(entry, &id, None, &html))
            }
            Change::Steps(run, place) | Change::Images(run, place) => {
                let html = self.part(*run, *place).await?;
                Some(put(entry, &part_id(*run, *place), Some(*run), &html))
            }
            Change::Card(run, call) => {
                let (place, card) = self.rows(vec![*call]).await?.card(*call)?;
                Some(put(entry, &place, Some(*run), &card.to_string()))
            }
            Change::Foot(run) => {
                let run = self.transcript.run(*run)?;
                let chat = format!("/chat/{}", self.conversation);
                let foot = FootView::new(run, &chat, (&self.app.outside.models(), self.admin))
                    .pausing(run, self.app.config.zone());
                let html = format!("<div id=\"foot-{}\">{foot}</div>", run.id);
                Some(put(entry, &format!("foot-{}", run.id), Some(run.id), &html))
            }
        }
    }

    async fn turn(&self, place: usize) -> Option<String> {
        let rows = self.rows(view::asked(&self.transcript)).await?;
        let turn: &Turn = self.transcript.turns.get(place)?;
        let known = (&self.app.outside.models(), self.admin);
        Some(TurnView::new(turn, &rows, known).to_string())
    }

    async fn part(&self, run: RunId, place: usize) -> Option<String> {
        let rows = self.rows(Vec::new()).await?;
        let run: &RunTurn = self.transcript.run(run)?;
        debug_assert!(!matches!(run.parts.get(place), Some(Part::Card(_))));
        Some(PartView::new(run, place, &rows)?.to_string())
    }

    /// What can't be read just now is shown when the page is loaded again.
    async fn rows(&self, asked: Vec<ToolCallId>) -> Option<Rows> {
        let now = self.app.clock.now().to_zoned(self.app.config.zone());
        let (conversation, scene) = (self.conversation, (now, self.app.inbox.paused()));
        let load = self.app.db.read(move |r| Rows::load(r, conversation, &asked, scene)).await;
        load.inspect_err(|err| tracing::warn!("a page is not told of a change: {err}")).ok()
    }
}

fn put(entry: &Entry, id: &str, run: Option<RunId>, html: &str) -> sse::Event {
    let mut data = json!({"id": id, "run": run, "html": html});
    if !entry.stored {
        return named("put", &data);
    }
    data["seq"] = entry.seq.into();
    named("put", &data).id(entry.seq.to_string())
}

/// Hidden characters are written out, as on the page itself.
pub fn named(name: &str, data: &Value) -> sse::Event {
    let mut data = data.clone();
    for field in ["html", "tail"] {
        if let Some(Value::String(html)) = data.get_mut(field) {
            *html = seen::html(std::mem::take(html));
        }
    }
    sse::Event::default().event(name).data(data.to_string())
}
