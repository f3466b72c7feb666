//! The models that a conversation's page offers.

use super::Conversation;
use crate::app::App;
use crate::outside::model::catalog::COMMANDS;

/// The page of models has them all.
const LISTED_MAX: usize = 50;

pub struct Choice {
    pub id: String,
    pub label: String,
    /// The one that answers here.
    pub here: bool,
}

/// The models of the settings, the one that this conversation had last, and what the providers said
/// they have when they were last asked: asking them now would keep the page waiting.
pub fn choices(app: &App, found: Option<&Conversation>) -> Vec<Choice> {
    let config = app.config.get();
    let catalog = app.outside.models();
    let named = std::iter::once(&config.models.default).chain(&config.models.fallback);
    let mut ids: Vec<String> = named.map(ToString::to_string).collect();
    ids.push(COMMANDS.to_owned());
    let last = found.and_then(|found| found.model.clone());
    // One that is gone would only refuse the next message.
    let last = last.filter(|last| catalog.open(last).is_ok());
    let last = last.unwrap_or_else(|| ids[0].clone());
    ids.push(last.clone());
    let listed = catalog.providers.listed().filter(|id| !catalog.off.contains(id));
    ids.extend(listed.take(LISTED_MAX));
    let mut choices: Vec<Choice> = Vec::new();
    for id in ids {
        if choices.iter().any(|choice| choice.id == id) {
            continue;
        }
        let label = match id.split_once(':') {
            _ if id == COMMANDS => "Commands only".to_owned(),
            Some((_, model)) if choices.iter().all(|choice| choice.label != model) => {
                model.to_owned()
            }
            _ => id.clone(),
        };
        choices.push(Choice { here: id == last, id, label });
    }
    choices
}
