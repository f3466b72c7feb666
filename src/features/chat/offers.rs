//! What a denied call lacked, beneath its row: a person may open it there and then, and ask again.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::sites::page as site_page;
use super::{page, service, sites, store};
use crate::agent::store::calls::{self, Call};
use crate::app::App;
use crate::call::Role as Meaning;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::whitelists;
use crate::guard::grounding::Said;
use crate::guard::opened;
use crate::guard::verdict::Offer;
use crate::ids::{ConversationId, RunId, ToolCallId, UserId};
use crate::web::caller::{Caller, Role};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};
use crate::web::store::callers;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/chat/{id}/calls/{call}/allow", post(allow))
        .route("/chat/{id}/runs/{run}/again", post(again))
}

/// An offer as it stands now.
#[derive(Debug, Clone)]
pub struct Standing {
    offer: Offer,
    /// Somebody has added it since.
    met: bool,
    /// The value stands in the owner's own words.
    named: bool,
    /// Only an admin adds to the lists of the house.
    admin: bool,
}

impl Standing {
    pub fn offer(&self) -> &Offer {
        &self.offer
    }
}

/// What the denied calls of a conversation lacked.
pub fn load(
    r: &Reader<'_>,
    (user, conversation): (UserId, ConversationId),
    calls: &[Call],
    now: Timestamp,
) -> Result<HashMap<ToolCallId, Standing>> {
    let mut found = HashMap::new();
    let offered: Vec<(ToolCallId, &Offer)> =
        calls.iter().filter_map(|call| Some((call.id, call.offer.as_ref()?))).collect();
    if offered.is_empty() {
        return Ok(found);
    }
    let admin = callers::user(r, user)?.is_some_and(|user| user.role == Role::Admin);
    let mut said = Said::default();
    let messages = store::messages(r, conversation, None)?;
    for message in messages.iter().filter(|it| it.role == "user") {
        said.add(&message.text, &message.created_at.to_zoned(TimeZone::UTC));
    }
    let now_here = now.to_zoned(TimeZone::UTC);
    let open = opened::patterns(r, conversation)?;
    for (call, offer) in offered {
        let value = value(offer);
        let here = matches!(offer, Offer::Domain(_)) && open.iter().any(|it| it.matches(value));
        let met = here || whitelists::is_listed(r, offer, now)?;
        // A chat is named as its tool names it.
        let (role, name) = match offer {
            Offer::Address(to) => match to.split_once(':') {
                Some((_, name)) => (Some(Meaning::Chat), name),
                None => (Some(Meaning::Recipient), value),
            },
            Offer::Folder(_) => (Some(Meaning::Path), value),
            Offer::Domain(_) => (None, value),
        };
        let named = said.grounds(role, &Value::from(name), &now_here) || said.has_site(value);
        found.insert(call, Standing { offer: offer.clone(), met, named, admin });
    }
    Ok(found)
}

fn value(offer: &Offer) -> &str {
    let (Offer::Address(value) | Offer::Domain(value) | Offer::Folder(value)) = offer;
    value
}

#[derive(Template)]
#[template(path = "chat/offer.html")]
pub struct OfferView {
    /// Where its form goes.
    action: String,
    met: bool,
    sentence: String,
    /// Not in the owner's words: where it comes from is the model's affair.
    foreign: bool,
    choices: Vec<(How, String)>,
}

impl OfferView {
    /// `chat` is the page of the conversation.
    pub fn new(chat: &str, run: RunId, call: ToolCallId, standing: &Standing) -> OfferView {
        let value = value(&standing.offer);
        if standing.met {
            let sentence = format!("{value} may be used now.");
            let action = format!("{chat}/runs/{run}/again");
            return OfferView { action, met: true, sentence, foreign: false, choices: Vec::new() };
        }
        let (sentence, mut choices) = match standing.offer {
            Offer::Domain(_) => (
                format!("{value} is not open to me."),
                vec![(How::Chat, format!("Open {value} for this chat"))],
            ),
            Offer::Folder(_) => (format!("The folder {value} is not open to me."), Vec::new()),
            Offer::Address(_) => (format!("I may not write to {value}."), Vec::new()),
        };
        if standing.admin {
            let always = match standing.offer {
                Offer::Domain(_) => format!("Always allow {value}"),
                Offer::Folder(_) => "Allow this folder".to_owned(),
                Offer::Address(_) if value.contains(':') => "Allow this chat".to_owned(),
                Offer::Address(_) => "Allow this address".to_owned(),
            };
            choices.push((How::Always, always));
        }
        let action = format!("{chat}/calls/{call}/allow");
        OfferView { action, met: false, sentence, foreign: !standing.named, choices }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A site, for this conversation.
    Chat,
    /// On the list of the house.
    Always,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            How::Chat => "chat",
            How::Always => "always",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowForm {
    how: How,
}

/// What is added is what the guard kept with the call, never what a form says.
async fn allow(
    State(app): State<App>,
    caller: Caller,
    Path((id, call)): Path<(ConversationId, ToolCallId)>,
    Form(form): Form<AllowForm>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let offer = app.db.read(move |r| find(r, user, id, call)).await?;
    let told = match (form.how, &offer) {
        (How::Chat, Offer::Domain(host)) => {
            sites::open(&app, &caller, id, host).await.map(|domain| site_page::opened(id, &domain))
        }
        (How::Chat, _) => {
            return Err(Error::invalid("how", "Only a site can be opened for one chat.").into());
        }
        (How::Always, offer) => whitelists::add_offered(&app, &caller, offer).await.map(|added| {
            let said = format!("{} is allowed, here and everywhere.", added.value);
            Told::at(format!("/chat/{id}"), said).undo(added.undo)
        }),
    };
    match told {
        Err(Error::Invalid { message, .. } | Error::Conflict(message)) => {
            Ok(Told::at(format!("/chat/{id}"), message).failed())
        }
        told => Ok(told?),
    }
}

fn find(r: &Reader<'_>, user: UserId, id: ConversationId, call: ToolCallId) -> Result<Offer> {
    store::find(r, user, id)?;
    let mut calls = calls::list_of_conversation(r, id)?.into_iter();
    let found = calls.find(|it| it.id == call).and_then(|it| it.offer);
    found.ok_or(Error::NotFound("offer"))
}

/// Says once more what this run was to answer.
async fn again(
    State(app): State<App>,
    caller: Caller,
    Path((id, run)): Path<(ConversationId, RunId)>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    service::ask_again(&app, &caller, id, run).await?;
    Ok(page::done(&headers, id))
}
