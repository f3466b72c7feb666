//! What woke a run, as its trace tells it, and where that is found.

use super::Kind;
use super::store::triggers;
use crate::db::Reader;
use crate::error::Result;
use crate::ids::TriggerId;

pub struct Occasion {
    /// The trigger's name.
    pub trigger: String,
    /// What happened: "another program called".
    pub what: &'static str,
    pub url: String,
}

/// None where the trigger was deleted.
pub fn occasion(r: &Reader<'_>, id: TriggerId) -> Result<Option<Occasion>> {
    let found = triggers::get(r, id)?;
    Ok(found.map(|it| Occasion {
        trigger: it.new.name,
        what: match it.kind {
            Kind::Webhook => "another program called",
            Kind::Page => "the page changed",
            Kind::Feed => "the feed has something new",
        },
        url: path(it.kind, id, ""),
    }))
}

pub fn path(kind: Kind, id: TriggerId, rest: &str) -> String {
    let home = match kind {
        Kind::Webhook => super::page::HERE,
        Kind::Page | Kind::Feed => "/monitors",
    };
    format!("{home}/{id}{rest}")
}
