//! The kinds of channels. A new one is a [`Kind`] in [`ALL`]: how what a person enters is checked, and
//! how one message is said. The outbox, its tries, quiet hours and pages are the same for all.

mod ntfy;
mod over_http;
mod pushover;
pub mod web_push;

use std::pin::Pin;
use std::sync::Arc;

use jiff::SignedDuration;

use super::Notification;
use super::channel::Channel;
use crate::app::App;
use crate::leak::Watch;
use crate::secret::Secret;

pub const ALL: &[Kind] = &[ntfy::KIND, pushover::KIND, web_push::KIND];

pub struct Kind {
    /// As the API and the database name it.
    pub name: &'static str,
    /// As a person does.
    pub label: &'static str,
    /// Who knows the whole of its address can say things over it.
    pub secret_path: bool,
    pub check: fn(New) -> crate::error::Result<Checked>,
    /// Says it once, and says how sure it is that it arrived.
    pub say: fn(App, Parcel) -> Saying,
}

pub type Saying = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A channel as somebody enters it; which fields count depends on the kind.
#[derive(Default)]
pub struct New {
    pub kind: String,
    pub name: String,
    pub server: String,
    pub topic: String,
    pub token: String,
    pub user_key: String,
    /// Of a browser.
    pub key: String,
    pub auth: String,
}

pub struct Checked {
    pub name: String,
    pub server: String,
    pub target: String,
    pub secrets: Vec<(String, Secret)>,
}

/// One message for one channel.
pub struct Parcel {
    pub channel: Channel,
    pub secrets: Vec<(String, Secret)>,
    /// Whether its person may open the home network.
    pub admin: bool,
    pub words: Words,
    pub watch: Arc<Watch>,
}

impl Parcel {
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// What is said: no more than a glance needs, and the way to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    pub text: String,
    /// A path in this house.
    pub link: String,
    pub urgent: bool,
    /// The same for the same message, so that a peer can tell.
    pub tag: String,
}

/// What is known after one try; each says it in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Sent(String),
    /// The peer won't have this message; with `stop`, nothing more from us until a person has
    /// mended something.
    Refused {
        words: String,
        stop: bool,
    },
    /// It surely did not arrive and may be tried again, after this time at the earliest.
    Later {
        words: String,
        pause: Option<SignedDuration>,
    },
    /// It may have arrived, so it is not said again.
    Unknown(String),
}

impl Outcome {
    pub fn words(&self) -> &str {
        match self {
            Outcome::Sent(words) | Outcome::Unknown(words) => words,
            Outcome::Refused { words, .. } | Outcome::Later { words, .. } => words,
        }
    }

    fn masked(mut self, watch: &Watch) -> Outcome {
        let (Outcome::Sent(words)
        | Outcome::Unknown(words)
        | Outcome::Refused { words, .. }
        | Outcome::Later { words, .. }) = &mut self;
        *words = watch.shown(words);
        self
    }
}

pub fn find(name: &str) -> Option<&'static Kind> {
    ALL.iter().find(|kind| kind.name == name)
}

/// Says it over its channel. A secret is neither in what is said nor in what comes back.
pub async fn say(app: &App, mut parcel: Parcel) -> Outcome {
    let kind = match parcel.channel.kind() {
        Ok(kind) => kind,
        Err(err) => return Outcome::Refused { words: err.to_string(), stop: true },
    };
    let watch = parcel.watch.clone();
    parcel.words.title = watch.shown(&parcel.words.title);
    parcel.words.text = watch.shown(&parcel.words.text);
    (kind.say)(app.clone(), parcel).await.masked(&watch)
}

const TEXT_CHARS_MAX: usize = 240;
const LINES_MAX: usize = 5;
const LINE_CHARS_MAX: usize = 80;

impl Words {
    pub fn of(told: &[Notification], held: bool, name: &str) -> Words {
        let urgent = told.iter().any(Notification::asks);
        let title = if urgent { format!("{name} asks") } else { name.to_owned() };
        let tag = told.first().map_or(String::new(), |one| one.id.to_string());
        if let [one] = told {
            let link = one.link.clone().unwrap_or_else(|| super::HERE.to_owned());
            return Words { title, text: short(&one.text, TEXT_CHARS_MAX), link, urgent, tag };
        }
        let when = if held { "in your quiet hours" } else { "since the last time" };
        let mut lines = vec![format!("{} things {when}:", told.len())];
        let shown = told.iter().take(LINES_MAX);
        lines.extend(shown.map(|one| format!("• {}", short(&one.text, LINE_CHARS_MAX))));
        if LINES_MAX < told.len() {
            lines.push(format!("… and {} more", told.len() - LINES_MAX));
        }
        let link = super::HERE.to_owned();
        Words { title, text: lines.join("\n"), link, urgent, tag }
    }

    pub fn test(app: &App) -> Words {
        Words {
            title: app.config.get().agent.name.clone(),
            text: "This is a test. You will be told things here.".to_owned(),
            link: super::HERE.to_owned(),
            urgent: false,
            tag: "test".to_owned(),
        }
    }

    /// The link as an address that works elsewhere, if this house knows its own.
    pub fn address(&self, app: &App) -> Option<String> {
        let base = app.config.get().server.base_url.clone()?;
        Some(format!("{}{}", base.as_str().trim_end_matches('/'), self.link))
    }
}

/// One line, cut at a word where it is too long.
fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most - 1).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole}…")
}
