//! The providers as the page and the API tell of them: where each is, whether it has a key, and how
//! it does.

use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::trouble::{self, Fix, Trouble};
use crate::app::App;
use crate::config::{Loaded, Source};
use crate::error::Result;
use crate::ids::{RunId, UserId};
use crate::outside::model::Provider;
use crate::secret::Secret;
use crate::web::when::When;

/// What may be seen of a provider.
pub struct Told {
    pub name: String,
    pub kind: &'static str,
    pub base_url: String,
    pub key_is_set: bool,
    /// How its key ends, where it is long enough to show that.
    pub key_ends_in: Option<String>,
    /// When its last call ended.
    pub used_at: Option<Timestamp>,
    /// What fixes it from outside.
    pub set_by: Option<Source>,
    pub trouble: Option<Trouble>,
    /// Where its key and its address can be changed, or "".
    key_url: String,
    address_url: String,
}

pub async fn list(app: &App) -> Result<Vec<Told>> {
    let asked = trouble::list(app).await?;
    let (config, models) = (app.config.get(), app.outside.models());
    let tell = |provider: &Provider| {
        let found = asked.iter().find(|(it, _)| it.provider == provider.name);
        Told {
            used_at: found.map(|(it, _)| it.at),
            trouble: found.and_then(|(_, trouble)| trouble.clone()),
            ..Told::new(&config, provider)
        }
    };
    Ok(models.providers.providers().map(tell).collect())
}

impl Told {
    fn new(config: &Loaded, provider: &Provider) -> Told {
        let name = &provider.name;
        let set_by = config.locked(&format!("models.providers.{name}.kind"));
        let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let here = |field: &str| match set_by {
            None => format!("/models?change={}#{field}", escaped(name)),
            Some(_) => String::new(),
        };
        let credential = config.models.providers.get(name).and_then(|it| it.credential.clone());
        let key_url = match (&set_by, credential) {
            (Some(_), Some(entry)) => format!("/credentials?replace={}#key", escaped(&entry)),
            _ => here("api_key"),
        };
        Told {
            kind: provider.kind.name(),
            base_url: provider.base_url.to_string(),
            key_is_set: provider.key.is_some(),
            key_ends_in: provider.key.as_ref().and_then(Secret::ending),
            used_at: None,
            trouble: None,
            key_url,
            address_url: here("base_url"),
            name: name.clone(),
            set_by,
        }
    }

    /// As programs are told; `failing` is null while its last call was answered.
    pub fn view(&self) -> Value {
        json!({
            "name": self.name,
            "kind": self.kind,
            "base_url": self.base_url,
            "key_set": self.key_is_set,
            "key_ends_in": self.key_ends_in,
            "set_by": self.set_by.as_ref().map(ToString::to_string),
            "last_used_at": self.used_at,
            "failing": self.trouble.as_ref().map(failing_view),
        })
    }
}

fn failing_view(it: &Trouble) -> Value {
    let failing = &it.failing;
    json!({
        "kind": failing.kind,
        "message": it.what,
        "since": failing.since,
        "calls": failing.calls,
        "next": it.next,
        "retry_at": failing.retry_at,
        "model": failing.model,
        "raw": failing.raw,
        "provider_request_id": failing.request_id,
        "run_id": failing.run.map(|(run, _)| run),
    })
}

/// A provider's line of the page.
pub struct Line {
    pub name: String,
    pub kind: &'static str,
    pub base_url: String,
    /// "key set, ends in …4f2a".
    pub key: String,
    pub used: Option<When>,
    /// Why it does not say which models it has, or "".
    pub unlisted: String,
    pub trouble: Option<TroubleView>,
    /// What fixes it from outside, or "".
    pub locked: String,
    /// Where its key is replaced, where it has one and nothing else on the line leads there; or "".
    pub replace_url: String,
    pub delete_url: String,
}

pub struct TroubleView {
    pub what: String,
    pub count: String,
    pub since: When,
    pub next: String,
    /// Where the one thing is done that mends it, and what that is called; none: its button is there
    /// anyway.
    pub fix: Option<(String, &'static str)>,
    /// It can be mended only where it is set.
    pub elsewhere: bool,
    pub raw: String,
    pub model: String,
    pub request_id: String,
    /// The run, where the reader may look at it.
    pub run: Option<RunId>,
}

impl Line {
    /// `unlisted`: why it does not say which models it has, or "".
    pub fn new(told: Told, unlisted: String, reader: UserId, now: &Zoned) -> Line {
        let key = match (told.key_is_set, &told.key_ends_in) {
            (false, _) => "no key".to_owned(),
            (true, None) => "key set".to_owned(),
            (true, Some(ending)) => format!("key set, ends in …{ending}"),
        };
        let trouble = told.trouble.as_ref().map(|it| TroubleView::new(&told, it, reader, now));
        let fixes_key = told.trouble.as_ref().is_some_and(|it| it.fix == Fix::Key);
        let replaced = told.key_is_set && !fixes_key;
        Line {
            key,
            used: told.used_at.map(|at| When::new(at, now)),
            unlisted,
            trouble,
            locked: told.set_by.map(|it| it.to_string()).unwrap_or_default(),
            delete_url: format!("/models/providers/{}/delete", told.name),
            replace_url: if replaced { told.key_url } else { String::new() },
            name: told.name,
            kind: told.kind,
            base_url: told.base_url,
        }
    }
}

impl TroubleView {
    fn new(told: &Told, it: &Trouble, reader: UserId, now: &Zoned) -> TroubleView {
        let (url, label) = match it.fix {
            Fix::Key => (&*told.key_url, "Replace the key"),
            Fix::Address => (&*told.address_url, "Edit the address"),
            Fix::Test => ("", ""),
        };
        let Trouble { failing, what, next, .. } = it;
        TroubleView {
            what: what.clone(),
            count: it.count(),
            since: When::new(failing.since, now),
            next: next.clone(),
            fix: (!url.is_empty()).then(|| (url.to_owned(), label)),
            elsewhere: url.is_empty() && it.fix != Fix::Test,
            raw: failing.raw.clone(),
            model: failing.model.clone(),
            request_id: failing.request_id.clone().unwrap_or_default(),
            run: failing.run.filter(|(_, user)| *user == reader).map(|(run, _)| run),
        }
    }
}
