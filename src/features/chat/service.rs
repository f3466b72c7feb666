//! What may be done with conversations.

use jiff::Timestamp;

use super::door::Switch;
use super::message::NewChatMessage;
use super::store::{ModelCall, Spent};
use super::{Channel, Conversation, sites, store, trials};
use crate::agent::store::conversations::{self, NewConversation};
use crate::agent::store::messages::{self, Message, NewMessage};
use crate::agent::store::runs;
use crate::agent::{ASSISTANT, RunState, answer};
use crate::app::App;
use crate::audit::{self, Actor, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::events::{Event, Events};
use crate::ids::{AgentId, ConversationId, MessageId, RunId, UserId};
use crate::inbox::{Inbox, NewRun, Trigger};
use crate::label::Label;
use crate::web::caller::Caller;
use crate::web::scope::Scope;

pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
pub const ATTACHMENTS_MAX: usize = 10;
const TITLE_CHARS_MAX: usize = 60;
const TITLE_CHARS_TYPED_MAX: usize = 200;

#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
    pub run_id: RunId,
}

/// Which of the owner's switches ([`Switch`]) somebody's words may turn; their role counts too.
#[derive(Debug, Clone, Copy)]
pub struct Powers {
    pub pause: bool,
    pub open: bool,
    /// Whether they could be asked about a call.
    pub answer: bool,
}

impl Powers {
    pub const OF_A_PERSON: Powers = Powers { pause: true, open: true, answer: true };

    fn of(caller: &Caller) -> Powers {
        Powers {
            pause: caller.require(Scope::Write).is_ok(),
            open: sites::may_open(caller).is_ok(),
            answer: !caller.asks_nobody(),
        }
    }
}

/// What a person says, as [`send_with`].
pub async fn send(
    app: &App,
    user: UserId,
    conversation: ConversationId,
    new: NewChatMessage,
) -> Result<Sent> {
    send_with(app, user, conversation, new, (Powers::OF_A_PERSON, false)).await
}

/// What comes in by a request, as [`send_with`].
pub async fn send_by(
    app: &App,
    caller: &Caller,
    conversation: ConversationId,
    new: NewChatMessage,
) -> Result<Sent> {
    send_with(app, caller.user_id, conversation, new, (Powers::of(caller), false)).await
}

/// The same, answered together with the words before it that nobody has begun to answer.
pub async fn send_joined(
    app: &App,
    caller: &Caller,
    conversation: ConversationId,
    new: NewChatMessage,
) -> Result<Sent> {
    send_with(app, caller.user_id, conversation, new, (Powers::of(caller), true)).await
}

/// Stores a message and wakes the assistant, in one change. A conversation that is not there yet
/// begins with it.
async fn send_with(
    app: &App,
    user: UserId,
    conversation: ConversationId,
    mut new: NewChatMessage,
    (powers, joins): (Powers, bool),
) -> Result<Sent> {
    check(app, &new)?;
    for attachment in &mut new.attachments {
        attachment.read(app).await?;
    }
    let now = app.clock.now();
    let default = app.config.get().models.default.to_string();
    let (inbox, events, agents) = (app.inbox.clone(), app.events.clone(), app.agents.clone());
    let by = By::new(Actor::User(user), new.channel.as_str(), now);
    app.db
        .write(move |tx| {
            let watch = agents.vault.watch(tx)?;
            new.hide_secrets(&watch);
            let title = new.title();
            let said = (new.channel.as_str(), Some(title.as_str()));
            enter(tx, (user, new.agent), conversation, said, now)?;
            if new.trial {
                trials::begin(tx, &events, conversation, now)?;
            }
            let agent = runs::persona(tx, store::agent_of(tx, conversation)?)?;
            agent.state.may_be_told(&agent.name)?;
            if let Some(model) = &new.model {
                store::set_model(tx, conversation, model, &default)?;
            }
            let bounds = new.bounds(tx, (conversation, agent.id), powers.answer)?;
            let message_id = keep(tx, &events, conversation, &new, now)?;
            let switch = Switch::read(&new.content, inbox.paused());
            if joins
                && switch.is_none()
                && let Some(run_id) = Inbox::join(tx, conversation, message_id)?
            {
                return Ok(Sent { conversation_id: conversation, message_id, run_id });
            }
            let run = NewRun {
                agent_id: agent.id,
                conversation_id: conversation,
                trigger: Trigger::Chat { message_id, also: Vec::new() },
                headless: false,
                batch: new.batch,
                model: new.model,
                max_tool_calls: new.max_tool_calls,
                bounds,
            };
            let run_id = inbox.push(tx, &run, now)?;
            if let Some(switch) = switch {
                let words = switch.turn(tx, &agents, (user, conversation), powers, &by)?;
                answer::reply_at_once(tx, &agents, run_id, &words, now)?;
            }
            Ok(Sent { conversation_id: conversation, message_id, run_id })
        })
        .await
}

fn keep(
    tx: &Tx<'_>,
    events: &Events,
    conversation: ConversationId,
    new: &NewChatMessage,
    now: Timestamp,
) -> Result<MessageId> {
    let id = MessageId::new(now);
    let message = NewMessage {
        id,
        conversation_id: conversation,
        run_id: None,
        role: "user",
        text: &new.content,
        label: &Label::owner(),
    };
    messages::insert(tx, &message, now)?;
    for attachment in &new.attachments {
        store::insert_attachment(tx, id, attachment)?;
    }
    let event = Event::Message {
        message_id: id.to_string(),
        role: "user".to_owned(),
        content: new.content.clone(),
    };
    events.record(tx, conversation, None, now, event)?;
    Ok(id)
}

/// Says once more what a run was to answer, files and all: as a new message, so that nothing that
/// was said is rewritten.
pub async fn ask_again(
    app: &App,
    caller: &Caller,
    conversation: ConversationId,
    run: RunId,
) -> Result<Sent> {
    let user = caller.user_id;
    let load = move |r: &Reader<'_>| {
        store::find(r, user, conversation)?;
        let run = runs::find(r, run)?;
        if run.conversation_id != conversation {
            return Err(Error::NotFound("run"));
        }
        if matches!(run.state, RunState::Queued | RunState::Running | RunState::Waiting) {
            return Err(Error::Conflict("This is being answered already.".to_owned()));
        }
        // What bound the run (a rehearsal, a task's tools and budget) does not bind a message.
        if !matches!(run.trigger, Trigger::Chat { .. }) {
            let message = "Nobody said this here. Start it again where it came from.";
            return Err(Error::Conflict(message.to_owned()));
        }
        store::said(r, conversation, run.trigger.message_id())
    };
    let (content, attachments) = app.db.read(load).await?;
    let new = NewChatMessage { attachments, ..NewChatMessage::plain(content, Channel::Web) };
    send_by(app, caller, conversation, new).await
}

fn check(app: &App, new: &NewChatMessage) -> Result<()> {
    if new.content.trim().is_empty() && new.attachments.is_empty() {
        return Err(Error::invalid("content", "Write something first."));
    }
    if new.content.len() > MESSAGE_BYTES_MAX {
        let message = "That message is too long; attach it as a text file instead.";
        return Err(Error::invalid("content", message));
    }
    if new.attachments.len() > ATTACHMENTS_MAX {
        let message = format!("Attach at most {ATTACHMENTS_MAX} files to one message.");
        return Err(Error::invalid("attachments", message));
    }
    let most = app.config.get().limits.upload_bytes_max;
    if let Some(large) = new.attachments.iter().find(|it| most < it.bytes.len()) {
        let message = format!(
            "{} is larger than {most} bytes. Attach a smaller file, or raise limits.upload_bytes_max.",
            large.name
        );
        return Err(Error::invalid("attachments", message));
    }
    if let Some(model) = &new.model {
        app.outside.models().open(model)?;
    }
    Ok(())
}

/// Goes into a conversation of this user; one that is not there yet begins, on this channel. What
/// was said first gives it its name.
pub fn enter(
    tx: &Tx<'_>,
    (user, agent): (UserId, Option<AgentId>),
    conversation: ConversationId,
    (channel, said): (&str, Option<&str>),
    now: Timestamp,
) -> Result<()> {
    match store::owner_of(tx, conversation)? {
        Some((owner, deleted)) if owner != user || deleted => {
            return Err(Error::NotFound("conversation"));
        }
        Some(_) => {}
        None => {
            let new = NewConversation {
                id: conversation,
                user_id: user,
                agent_id: runs::persona(tx, agent.unwrap_or(ASSISTANT))?.id,
                channel,
                title: None,
                task_id: None,
                trigger_id: None,
            };
            conversations::insert(tx, &new, now)?;
        }
    }
    match said {
        Some(said) => store::name_once(tx, conversation, &first_words(said)),
        None => Ok(()),
    }
}

/// A conversation is called by what it began with, until somebody gives it a name.
fn first_words(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Files");
    if line.chars().count() <= TITLE_CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARS_MAX).collect();
    let end = cut.rfind(' ').filter(|end| *end > TITLE_CHARS_MAX / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

pub async fn list(
    app: &App,
    user: UserId,
    query: String,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Conversation>, u32)> {
    app.db.read(move |r| store::list(r, user, &query, page, per_page)).await
}

/// A conversation of this user.
pub async fn find(app: &App, user: UserId, id: ConversationId) -> Result<Conversation> {
    app.db.read(move |r| store::find(r, user, id)).await
}

/// The same with its latest messages, or with the latest before one of them.
pub async fn find_with_messages(
    app: &App,
    user: UserId,
    id: ConversationId,
    before: Option<MessageId>,
) -> Result<(Conversation, Vec<Message>)> {
    let load =
        move |r: &Reader<'_>| Ok((store::find(r, user, id)?, store::messages(r, id, before)?));
    app.db.read(load).await
}

/// What the models took for a conversation of this user, and its latest calls.
pub async fn spent(
    app: &App,
    user: UserId,
    id: ConversationId,
    limit: u32,
) -> Result<(Spent, Vec<ModelCall>)> {
    let load = move |r: &Reader<'_>| {
        store::find(r, user, id)?;
        Ok((store::spent(r, id)?, store::model_calls(r, id, limit)?))
    };
    app.db.read(load).await
}

/// Whether this user may read and write here: it is theirs, or it is not there yet.
pub async fn may_enter(app: &App, user: UserId, id: ConversationId) -> Result<()> {
    match app.db.read(move |r| store::owner_of(r, id)).await? {
        Some((owner, deleted)) if owner != user || deleted => Err(Error::NotFound("conversation")),
        _ => Ok(()),
    }
}

pub async fn rename(
    app: &App,
    user: UserId,
    id: ConversationId,
    title: String,
    by: By,
) -> Result<()> {
    let title = title.trim().to_owned();
    if title.is_empty() || title.chars().count() > TITLE_CHARS_TYPED_MAX {
        return Err(Error::invalid("title", "Give it a title of up to 200 letters."));
    }
    app.db
        .write(move |tx| {
            store::find(tx, user, id)?;
            store::set_title(tx, id, &title)?;
            audit::record(tx, audit::Entry::new(&by, "conversations.rename", title).session(id))?;
            Ok(())
        })
        .await
}

/// Takes a conversation out of sight; [`restore`] brings it back.
pub async fn delete(app: &App, user: UserId, id: ConversationId, by: By) -> Result<()> {
    // Nobody stops what goes on in another person's.
    app.db.read(move |r| store::find(r, user, id)).await?;
    answer::stop_conversation(&app.agents, id).await?;
    set_deleted(app, user, id, by, true).await
}

pub async fn restore(app: &App, user: UserId, id: ConversationId, by: By) -> Result<()> {
    set_deleted(app, user, id, by, false).await
}

async fn set_deleted(
    app: &App,
    user: UserId,
    id: ConversationId,
    by: By,
    deleted: bool,
) -> Result<()> {
    app.db
        .write(move |tx| {
            let title = store::title_of(tx, user, id)?;
            store::set_deleted(tx, id, deleted.then_some(by.at))?;
            let action = if deleted { "conversations.delete" } else { "conversations.restore" };
            audit::record(tx, audit::Entry::new(&by, action, title).session(id))?;
            Ok(())
        })
        .await
}
