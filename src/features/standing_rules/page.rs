//! The rules as a part of the page of whitelists.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use jiff::Zoned;

use super::{service, values_in_words};
use crate::app::App;
use crate::approval::standing::Rule;
use crate::error::Result;
use crate::ids::StandingRuleId;
use crate::spelling::fold;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::Path;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new().route("/standing-rules/{id}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "standing_rules/section.html")]
pub struct SectionView {
    /// Only those that fit what is looked for.
    filtered: bool,
    rules: Vec<Line>,
}

impl SectionView {
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// It stands in another page as it is; its own template has escaped it.
impl askama::filters::HtmlSafe for SectionView {}

struct Line {
    id: StandingRuleId,
    what: String,
    scope: String,
    made_by: String,
    made: When,
    ends: Option<When>,
    used: u32,
    last_used: Option<When>,
}

/// Those with `words` in what they allow; "" for all.
pub async fn section(app: &App, caller: &Caller, words: &str) -> Result<SectionView> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let rules = service::list(app, caller).await?;
    let line = |rule: Rule| {
        let tool = rule.tool.clone();
        let line = Line::new(rule, &now);
        fold::any_holds(&[&line.what, &line.scope, &tool], words).then_some(line)
    };
    let rules = rules.into_iter().filter_map(line).collect();
    Ok(SectionView { filtered: !words.is_empty(), rules })
}

impl Line {
    fn new(rule: Rule, now: &Zoned) -> Line {
        let scope = match &rule.bound {
            Some(values) if values.is_empty() => "as it is".to_owned(),
            Some(values) => values_in_words(values),
            None => format!("whatever {} does", rule.tool),
        };
        Line {
            id: rule.id,
            what: rule.what,
            scope,
            made_by: format!("{} over {}", rule.created_by, rule.created_via),
            made: When::new(rule.created_at, now),
            ends: rule.expires_at.map(|at| When::new(at, now)),
            used: rule.used,
            last_used: rule.last_used_at.map(|at| When::new(at, now)),
        }
    }
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<StandingRuleId>,
) -> Result<Told, PageError> {
    let what = service::revoke(&app, &caller, id).await?;
    Ok(Told::at("/whitelists#rules", format!("“{what}” is asked about again.")))
}
