//! `/runs`, for a person: what the assistant did, and one run from its cause to its end.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::checklist::Item;
use super::feedback::{self, Feedback};
use super::service::{self, Trace};
use super::trace::{self, Cause, Entry, Told as Prompt};
use super::words::{self, Sign};
use super::{Filter, Seen, Spent, store};
use crate::agent::{Hold, RunState, retold};
use crate::app::App;
use crate::db::Reader;
use crate::error::Result;
use crate::features::chat::took;
use crate::features::tasks;
use crate::ids::{RunId, TaskId};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;
use crate::web::when::When;

pub const HERE: &str = "/runs";
const PER_PAGE: u32 = 50;
const TITLE_CHARS_MAX: usize = 80;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/runs", get(list))
        .route("/runs/{id}", get(show))
        .route("/runs/{id}/stop", post(stop))
        .route("/runs/{id}/feedback", post(rate))
}

#[derive(Template)]
#[template(path = "runs/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    next: String,
}

struct Tab {
    url: String,
    word: &'static str,
    here: bool,
}

struct Row {
    url: String,
    words: String,
    cause: String,
    when: When,
    sign: Sign,
    facts: String,
}

const TABS: [(&str, Option<RunState>); 6] = [
    ("All", None),
    ("Running", Some(RunState::Running)),
    ("Waiting", Some(RunState::Waiting)),
    ("Done", Some(RunState::Completed)),
    ("Failed", Some(RunState::Failed)),
    ("Stopped", Some(RunState::Cancelled)),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<RunState>,
    task: Option<TaskId>,
    before: Option<RunId>,
}

impl Wanted {
    fn url(&self, state: Option<RunState>, before: Option<RunId>) -> String {
        let pairs = [
            ("state", state.map(|it| it.as_str().to_owned())),
            ("task", self.task.map(|it| it.to_string())),
            ("before", before.map(|it| it.to_string())),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, it)| Some(format!("{name}={}", it?)));
        format!("{HERE}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    let Wanted { state, task, before } = wanted;
    let filter = Filter { state, task, before, ..Filter::default() };
    let (user, now) = (caller.user_id, app.clock.now().to_zoned(app.config.zone()));
    let app_too = app.clone();
    let read = move |r: &Reader<'_>| {
        let found = service::list(r, &app_too, (user, &filter), PER_PAGE)?;
        let row = |(run, spent)| row(r, run, &spent, &now);
        Ok((found.runs.into_iter().map(row).collect::<Result<Vec<Row>>>()?, found.next))
    };
    let (rows, next) = app.db.read(read).await?;
    let tab = |(word, of): (&'static str, Option<RunState>)| Tab {
        url: wanted.url(of, None),
        word,
        here: of == state,
    };
    Ok(Page(ListPage {
        shell: app.shell(&caller, HERE, "Runs").await?,
        tabs: TABS.map(tab).into(),
        rows,
        next: next.map(|next| wanted.url(state, Some(next))).unwrap_or_default(),
    }))
}

fn row(r: &Reader<'_>, run: Seen, spent: &Spent, now: &Zoned) -> Result<Row> {
    let occasion = service::occasion(r, &run)?;
    let (blocked, calls) = store::tool_calls(r, run.id)?;
    let hold = run.hold.as_ref().filter(|hold| **hold != Hold::Answer);
    let mut facts: Vec<String> =
        hold.map(|hold| tasks::hold_sentence(hold, now)).into_iter().collect();
    facts.push(match calls {
        1 => "1 tool call".to_owned(),
        calls => format!("{calls} tool calls"),
    });
    facts.extend((0 < blocked).then(|| format!("blocked {blocked}")));
    facts.extend(run.started_at.zip(run.ended_at).map(|(from, to)| took(to.duration_since(from))));
    facts.extend(Some(tasks::cost(spent.cost_usd_micros)).filter(|it| !it.is_empty()));
    Ok(Row {
        url: format!("{HERE}/{}", run.id),
        cause: Cause::of(&run, occasion.as_ref(), now).sentence,
        words: title(&run),
        when: When::new(run.queued_at, now),
        sign: words::run_sign(run.state, run.hold.as_ref()),
        facts: facts.join(" · "),
    })
}

fn title(run: &Seen) -> String {
    let line = run.words.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("A message without words");
    match line.char_indices().nth(TITLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "runs/one.html")]
struct OnePage {
    shell: Shell,
    url: String,
    chat: String,
    sign: Sign,
    open: bool,
    cause: Cause,
    facts: Vec<(&'static str, String)>,
    queued: When,
    /// None: it was not needed, so the words were not read for it.
    intent: Option<Vec<String>>,
    told: Prompt,
    entries: Vec<Entry>,
    checklist: Vec<Item>,
    feedback: Vec<Feedback>,
    ending: String,
    /// A question of its waits for a person.
    asks: bool,
    ended: Option<When>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
) -> Result<Page<OnePage>, PageError> {
    let (user, app_too) = (caller.user_id, app.clone());
    let it = app.db.read(move |r| service::trace(r, &app_too, user, id)).await?;
    let request = retold::first_request(&app, id).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let blocked = it.calls.iter().filter(|call| call.blocked).count();
    Ok(Page(OnePage {
        shell: app.shell(&caller, HERE, &title(&it.run)).await?,
        url: format!("{HERE}/{id}"),
        chat: format!("/chat/{}", it.run.conversation_id),
        sign: words::run_sign(it.run.state, it.run.hold.as_ref()),
        open: it.run.is_open(),
        cause: Cause::of(&it.run, it.occasion.as_ref(), &now),
        facts: facts(&it, &app.config.get().models.default.to_string()),
        queued: When::new(it.run.queued_at, &now),
        intent: it.intent.as_ref().map(tasks::asked_for),
        told: Prompt::of(&request),
        entries: trace::entries(&it, &now),
        ending: words::ending(&it.run, blocked, &now),
        asks: it.run.hold == Some(Hold::Answer),
        checklist: it.checklist,
        feedback: it.feedback,
        ended: it.run.ended_at.map(|at| When::new(at, &now)),
    }))
}

fn facts(it: &Trace, default: &str) -> Vec<(&'static str, String)> {
    let (run, others) = (&it.run, &it.spent_by_others);
    let waited = run.started_at.map(|at| at.duration_since(run.queued_at));
    let worked = run.started_at.zip(run.ended_at).map(|(from, to)| to.duration_since(from));
    let budget = run.bounds.budget_usd_micros.map(tasks::dollars);
    let all = [
        ("Did it", Some(run.agent_name.clone())),
        ("As its variation", run.variation.clone()),
        ("On behalf of", Some(run.for_whom.clone())),
        ("Watched", run.headless.then(|| "by nobody: what had to be asked waited".to_owned())),
        ("Model", Some(service::model(run, &it.spent, default))),
        ("Waited", waited.map(took)),
        ("Took", worked.map(took)),
        ("Used", Some(words::spent(&it.spent))),
        ("Had others use", (0 < others.model_calls).then(|| words::spent(others))),
        ("Might cost", budget),
        ("Tool calls at most", run.max_tool_calls.map(|most| most.to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
) -> Result<Told, PageError> {
    service::cancel(&app, &caller, id).await?;
    Ok(Told::at(format!("{HERE}/{id}"), "It ends before its next step."))
}

async fn rate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    Form(form): Form<feedback::New>,
) -> Result<Told, PageError> {
    feedback::give(&app, &caller, id, form).await?;
    Ok(Told::at(format!("{HERE}/{id}#end"), "Thank you, that is kept with the run."))
}
