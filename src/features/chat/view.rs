//! The pieces of the chat page. Each stands in the page and travels alone over the stream.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::offers::OfferView;
use super::rows::Rows;
use super::transcript::{Part, RunState, RunTurn, Step, StepState, Transcript, Turn, Wait};
use super::words;
use crate::agent::CallState;
use crate::agent::screen::Found;
use crate::agent::store::calls::Call;
use crate::features::approvals::{GroupView, HeldView};
use crate::features::changes::undo_path;
use crate::ids::{RunId, ToolCallId};
use crate::label::Trust;
use crate::outside::model::catalog::{COMMANDS, Catalog};
use crate::web::markdown::{self, SafeHtml};

/// The calls that a transcript has cards for.
pub fn asked(transcript: &Transcript) -> Vec<ToolCallId> {
    let parts = transcript.runs().flat_map(|run| &run.parts);
    parts.filter_map(|part| if let Part::Card(id) = part { Some(*id) } else { None }).collect()
}

pub enum TurnView {
    Said(SaidView),
    Notice(NoticeView),
    Answer(Box<AnswerView>),
}

impl TurnView {
    /// `admin`: the reader may mend what is wrong with a model.
    pub fn new(turn: &Turn, rows: &Rows, (catalog, admin): (&Catalog, bool)) -> TurnView {
        match turn {
            Turn::Said { message_id, text, wait } => TurnView::Said(SaidView {
                id: message_id.clone(),
                text: text.clone(),
                wait: match wait {
                    Wait::Question => "Waits until you answered the question above".to_owned(),
                    Wait::Answer => "Waits until the answer above is finished".to_owned(),
                    Wait::Nothing => rows.line.says(message_id).unwrap_or_default(),
                },
                coming: *wait == Wait::Nothing && rows.line.is_coming(message_id),
                files: files(rows, message_id),
            }),
            Turn::Notice { message_id, text } => TurnView::Notice(NoticeView {
                id: message_id.clone(),
                html: markdown::render(text),
            }),
            Turn::Run(run) => {
                TurnView::Answer(Box::new(AnswerView::new(run, rows, (catalog, admin))))
            }
        }
    }

    /// Words whose answer begins in a moment.
    pub fn is_coming(&self) -> bool {
        matches!(self, TurnView::Said(said) if said.coming)
    }

    /// Its place in the page, for replacing it.
    pub fn id(turn: &Turn) -> String {
        match turn {
            Turn::Said { message_id, .. } | Turn::Notice { message_id, .. } => {
                format!("message-{message_id}")
            }
            Turn::Run(run) => format!("run-{}", run.id),
        }
    }
}

#[derive(Template)]
#[template(path = "chat/user.html")]
pub struct SaidView {
    id: String,
    text: String,
    /// What keeps them in line, or "".
    wait: String,
    coming: bool,
    files: Vec<FileView>,
}

struct FileView {
    url: String,
    name: String,
    image: bool,
}

fn files(rows: &Rows, message_id: &str) -> Vec<FileView> {
    let own = rows.files.iter().filter(|file| file.message_id.to_string() == message_id);
    own.map(|file| FileView {
        url: format!("{}/files/{}", rows.back, file.id),
        name: file.name.clone(),
        image: file.media_type.starts_with("image/"),
    })
    .collect()
}

#[derive(Template)]
#[template(path = "chat/notice.html")]
pub struct NoticeView {
    id: String,
    html: SafeHtml,
}

#[derive(Template)]
#[template(path = "chat/answer.html")]
pub struct AnswerView {
    run: RunId,
    parts: Vec<PartView>,
    tail: SafeHtml,
    foot: FootView,
}

impl AnswerView {
    fn new(run: &RunTurn, rows: &Rows, known: (&Catalog, bool)) -> AnswerView {
        let parts = 0..run.parts.len();
        AnswerView {
            run: run.id,
            parts: parts.filter_map(|place| PartView::new(run, place, rows)).collect(),
            tail: markdown::render_tail(&run.tail),
            foot: FootView::new(run, &rows.back, known),
        }
    }
}

pub enum PartView {
    Text(TextView),
    Steps(StepsView),
    Card(Box<GroupView>),
    Held(HeldView),
    Images(ImagesView),
}

impl PartView {
    pub fn new(run: &RunTurn, place: usize, rows: &Rows) -> Option<PartView> {
        Some(match run.parts.get(place)? {
            Part::Text(text) => PartView::Text(TextView { html: markdown::render(text) }),
            Part::Steps(steps) => PartView::Steps(StepsView::new(run.id, place, steps, rows)),
            Part::Card(call) if rows.joins(*call) => return None,
            Part::Card(call) => rows.card(*call)?.1,
            Part::Images(urls) => {
                PartView::Images(ImagesView { id: part_id(run.id, place), urls: urls.clone() })
            }
        })
    }
}

/// A part's place in the page.
pub fn part_id(run: RunId, place: usize) -> String {
    format!("part-{run}-{place}")
}

#[derive(Template)]
#[template(path = "chat/text.html")]
pub struct TextView {
    pub html: SafeHtml,
}

#[derive(Template)]
#[template(path = "chat/images.html")]
pub struct ImagesView {
    id: String,
    urls: Vec<String>,
}

#[derive(Template)]
#[template(path = "chat/activity.html")]
pub struct StepsView {
    id: String,
    open: bool,
    summary: String,
    steps: Vec<StepView>,
    offers: Vec<OfferView>,
}

impl StepsView {
    fn new(run: RunId, place: usize, steps: &[Step], rows: &Rows) -> StepsView {
        StepsView {
            id: part_id(run, place),
            open: false,
            summary: words::summary(steps, blocked(steps, rows)),
            steps: steps.iter().map(|step| StepView::new(step, rows)).collect(),
            offers: offered(run, steps, rows),
        }
    }
}

/// How many of the calls nobody had asked for.
fn blocked(steps: &[Step], rows: &Rows) -> usize {
    let row = |step: &&Step| rows.calls.get(&step.call_id).is_some_and(|call| call.blocked);
    steps.iter().filter(row).count()
}

/// Each thing once, however many calls lacked it.
fn offered(run: RunId, steps: &[Step], rows: &Rows) -> Vec<OfferView> {
    let mut seen = Vec::new();
    let mut views = Vec::new();
    for step in steps {
        let Some(standing) = rows.offers.get(&step.call_id) else { continue };
        if !seen.contains(&standing.offer()) {
            seen.push(standing.offer());
            views.push(OfferView::new(&rows.back, run, step.call_id, standing));
        }
    }
    views
}

struct StepView {
    id: ToolCallId,
    icon: &'static str,
    phrase: String,
    target: String,
    took: String,
    state: StepState,
    input: String,
    output: String,
    /// Whose words the output is, when they are somebody else's.
    written_by: Option<String>,
    /// A check found orders to the assistant in it.
    orders: bool,
    /// Where what it changed can be taken back, or "".
    undo: String,
}

impl StepView {
    fn new(step: &Step, rows: &Rows) -> StepView {
        let row = rows.calls.get(&step.call_id);
        let result = row.and_then(|call| call.result.as_deref()).unwrap_or(&step.summary);
        let unknown = row.is_some_and(|call| call.state == CallState::Unknown);
        let changed = rows.changes.get(&step.call_id);
        let undone = changed.is_some_and(|it| it.undone_at.is_some());
        let undo = changed.filter(|_| !undone).map(|it| undo_path(it.id));
        // A call that never began is told of without its arguments.
        let arguments = match (&step.arguments, row) {
            (Value::Null, Some(call)) => &call.arguments,
            (arguments, _) => arguments,
        };
        StepView {
            id: step.call_id,
            icon: words::icon(&step.tool),
            phrase: words::phrase(&step.tool, step.state == StepState::Done),
            target: words::target(arguments),
            took: step.took.map(words::took).unwrap_or_default(),
            state: match (unknown, undone) {
                (true, _) => StepState::Unknown,
                (_, true) => StepState::Undone,
                _ => step.state,
            },
            undo: undo.unwrap_or_default(),
            input: serde_json::to_string_pretty(arguments).unwrap_or_default(),
            output: words::first_lines(result),
            written_by: row.and_then(written_by),
            orders: row.is_some_and(|call| call.screened == Some(Found::Orders)),
        }
    }
}

fn written_by(call: &Call) -> Option<String> {
    let label = call.result_label.as_ref().filter(|label| label.trust == Trust::Outside);
    label.map(|label| label.origin.to_string())
}

#[derive(Template)]
#[template(path = "chat/foot.html")]
pub struct FootView {
    run: RunId,
    /// Asks the same once more.
    again: String,
    state: RunState,
    /// Where the person can mend what failed, and what that is called.
    fix: Option<(&'static str, &'static str)>,
    /// Only an admin can mend it, and the person is none.
    ask_admin: bool,
    /// "claude-sonnet-5 · 3.2 s · 1,912 tokens · $0.0041".
    facts: String,
    /// "toy asks to wait 30 s; trying again at 21:45:10.", or "".
    pause: String,
}

impl FootView {
    /// `chat` is the page of the conversation; `admin` as in [`TurnView::new`].
    pub fn new(run: &RunTurn, chat: &str, (catalog, admin): (&Catalog, bool)) -> FootView {
        let fix = match &run.state {
            RunState::Failed { code, .. } => fix(code),
            _ => None,
        };
        FootView {
            run: run.id,
            again: format!("{chat}/runs/{}/again", run.id),
            state: run.state.clone(),
            ask_admin: fix.is_some() && !admin,
            fix: fix.filter(|_| admin),
            facts: facts(&run.state, catalog),
            pause: String::new(),
        }
    }

    /// Says what the run waits for just now, at the hour of this zone.
    pub fn pausing(self, run: &RunTurn, zone: TimeZone) -> FootView {
        let pause = run.pause.as_ref().map(|pause| {
            let at = pause.until.to_zoned(zone).strftime("%H:%M:%S");
            format!("{} asks to wait {} s; trying again at {at}.", pause.provider, pause.seconds)
        });
        FootView { pause: pause.unwrap_or_default(), ..self }
    }
}

fn fix(code: &str) -> Option<(&'static str, &'static str)> {
    match code {
        "budget" => Some(("/models", "Raise today’s limit")),
        "wrong_key" | "model" | "model_away" | "rate_limited" | "out_of_quota" | "refused"
        | "malformed" | "empty_answer" => Some(("/models", "Open Models")),
        _ => None,
    }
}

fn facts(state: &RunState, catalog: &Catalog) -> String {
    let RunState::Done { model, usage, took } = state else { return String::new() };
    if model == COMMANDS || model.is_empty() {
        return format!("commands · {}", words::took(*took));
    }
    let tokens = words::grouped(usage.input_tokens + usage.output_tokens);
    let cost = catalog.cost(model, *usage).map(cost).unwrap_or_default();
    let name = model.split_once(':').map_or(model.as_str(), |(_, name)| name);
    format!("{name} · {} · {tokens} tokens{cost}", words::took(*took))
}

fn cost(micros: u64) -> String {
    format!(" · ${}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

impl fmt::Display for TurnView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TurnView::Said(view) => view.fmt(f),
            TurnView::Notice(view) => view.fmt(f),
            TurnView::Answer(view) => view.fmt(f),
        }
    }
}

impl fmt::Display for PartView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartView::Text(view) => view.fmt(f),
            PartView::Steps(view) => view.fmt(f),
            PartView::Card(view) => view.fmt(f),
            PartView::Held(view) => view.fmt(f),
            PartView::Images(view) => view.fmt(f),
        }
    }
}

// Their own templates have escaped what is in them.
impl HtmlSafe for OfferView {}
impl HtmlSafe for TurnView {}
impl HtmlSafe for PartView {}
impl HtmlSafe for FootView {}
