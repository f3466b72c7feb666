//! Writes down what a run's owner asked for: the built-in commands by their grammar, a language
//! model by one call that is shown the owner's words and nothing else.
//!
//! It happens when it is first needed: when a run that has read text from outside wants to have an
//! effect. That is no later than before the reading, for the words are the same and nothing that
//! was read is shown to whoever reads them; and a run without effects costs no call.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Zoned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::context::{self, Handling, History};
use super::store::calls::{self, Call};
use super::store::intents;
use super::store::messages::{self, Message as Stored, Window};
use super::tool::{Args, Tool};
use super::toolbox::Toolbox;
use super::turn::Answer;
use super::{Agents, Run, aside, spend};
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::guard::approval;
use crate::guard::call::Role as Meaning;
use crate::guard::intent::{Intent, PLAN_BYTES_MAX, Plannable, SLOTS_MAX, Slot};
use crate::guard::label::Trust;
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::{Message, Part, Request, Role};

/// The owner's words that a planner is shown: the newest of the conversation.
const WORDS_BYTES_MAX: usize = 16 * 1024;
/// Models that reason need room before the first word.
const PLAN_TOKENS_MAX: u32 = 4_096;
/// An answer that is no plan is asked for again.
const TRIES: usize = 2;

const PLANNER: &str = "\
You read what a person asked their assistant to do, and write down which effects on the world the \
person asked for. You see only the person's own words. Never add an effect that the last words do \
not ask for; looking, searching, reading and answering are no effects. Answer with one JSON object \
and nothing else:
{\"effects\": [{\"tool\": \"one of the tools\", \"arguments\": {\"argument\": \"the value, in the \
person's own words\"}}]}
Leave an argument out where the person leaves it to be found (\"reply to whoever wrote\"). With no \
effect asked for, answer {\"effects\": []}.";

/// The run's intent, once it was written down: with what the owner approved since.
pub fn of(r: &Reader<'_>, agents: &Agents, run: &Run) -> Result<Option<Intent>> {
    let Some(mut intent) = intents::find(r, run.id)? else { return Ok(None) };
    for (name, arguments) in approval::list_approved(r, run.id)? {
        let Some(tool) = agents.toolbox.find(&name) else { continue };
        let plannable = Plannable { tool: &tool.name, roles: &tool.planned_roles() };
        intent.slots.extend(Slot::of(&plannable, &arguments));
    }
    Ok(Some(intent))
}

/// Writes the run's intent down. A plan that can't be had is an empty one: nothing was asked for,
/// so nothing happens.
pub async fn make(agents: &Agents, run: &Run, stop: &CancellationToken) -> Result<()> {
    let run_too = run.clone();
    let words = agents.db.read(move |r| Words::load(r, &run_too)).await?;
    let model = run.model.clone().unwrap_or_else(|| agents.config.get().models.default.to_string());
    let tools = effects(&agents.toolbox, run);
    let roles: Vec<Vec<(&str, Meaning)>> = tools.iter().map(|tool| tool.planned_roles()).collect();
    let plannable =
        tools.iter().zip(&roles).map(|(tool, roles)| Plannable { tool: &tool.name, roles });
    let plannable: Vec<Plannable<'_>> = plannable.collect();
    let (intent, answers) = if model == COMMANDS {
        (words.commanded(agents, run, &plannable), Vec::new())
    } else {
        let request = words.request(agents, &tools);
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            planned = plan(agents, run, &model, request, &plannable) => planned?,
        }
    };
    let (run, now) = (run.clone(), agents.clock.now());
    let store = move |tx: &Tx<'_>| {
        answers.iter().try_for_each(|answer| answer.count(tx, &run, "plan", now))?;
        intents::insert(tx, run.id, &intent, &model, now)
    };
    agents.db.write(store).await
}

/// Asks a language model. Each answer costs something, whether it is a plan or not.
async fn plan(
    agents: &Agents,
    run: &Run,
    model: &str,
    request: Request,
    tools: &[Plannable<'_>],
) -> Result<(Intent, Vec<Answer>)> {
    let (agent, day) = (run.persona.id, spend::start_of_day(&agents.clock, &agents.config));
    let spent = agents.db.read(move |r| spend::load(r, agent, day)).await?;
    let mut answers = Vec::new();
    if let Some(sentence) = spend::refusal(agents, run, &spent, model, &request) {
        tracing::warn!(run = %run.id, "no plan: {sentence}");
        return Ok((Intent::default(), answers));
    }
    for _ in 0..TRIES {
        let answer = aside::ask(agents, model, request.clone(), PLAN_BYTES_MAX).await;
        let intent = Intent::parse(&answer.text, tools);
        answers.push(answer);
        if let Some(intent) = intent {
            return Ok((intent, answers));
        }
    }
    tracing::warn!(run = %run.id, model, "no plan: the model wrote none");
    Ok((Intent::default(), answers))
}

/// The run's tools that reach further than our own data.
fn effects(toolbox: &Toolbox, run: &Run) -> Vec<Arc<Tool>> {
    let tools = toolbox.allowed(&run.persona.allowed_tools);
    tools.into_iter().filter(|tool| tool.reaches_out()).collect()
}

/// Its own words, unless somebody else wrote them: the planner sees no text from outside.
fn about(tool: &Tool) -> String {
    match &tool.args {
        Args::Own(_) => tool.about.to_string(),
        Args::Foreign(args) => format!("A tool of the server {}.", args.server),
    }
}

/// A conversation up to the owner's last words.
struct Words {
    window: Window,
    calls: Vec<Call>,
}

fn is_own(message: &Stored) -> bool {
    message.role == "user" && message.label.trust == Trust::Owner
}

impl Words {
    fn load(r: &Reader<'_>, run: &Run) -> Result<Words> {
        let mut window = messages::window_of(r, run)?;
        let last = window.messages.iter().rposition(is_own).map_or(0, |at| at + 1);
        window.messages.truncate(last);
        Ok(Words { window, calls: calls::list_of_conversation(r, run.conversation_id)? })
    }

    /// The owner's own words, oldest first.
    fn own(&self) -> Vec<&str> {
        let mut room = WORDS_BYTES_MAX;
        let fits = |message: &&Stored| {
            room = room.saturating_sub(message.text.len());
            room > 0
        };
        let own = self.window.messages.iter().filter(|it| is_own(it)).rev().take_while(fits);
        let mut own: Vec<&str> = own.map(|message| message.text.as_str()).collect();
        own.reverse();
        own
    }

    fn now(&self, agents: &Agents) -> Zoned {
        let asked_at = self.window.messages.last().map(|message| message.created_at);
        asked_at.unwrap_or_else(|| agents.clock.now()).to_zoned(agents.config.zone())
    }

    /// For a language model: which effects there are, and the words.
    fn request(&self, agents: &Agents, tools: &[Arc<Tool>]) -> Request {
        let mut text = "The tools, with their arguments:\n".to_owned();
        for tool in tools {
            let names: Vec<&str> = tool.planned_roles().iter().map(|(name, _)| *name).collect();
            let _ = writeln!(text, "- {}({}): {}", tool.name, names.join(", "), about(tool));
        }
        let _ = writeln!(
            text,
            "\nWrite down at most {SLOTS_MAX} effects. The person's words, oldest first; the last \
             are what is to be done now:"
        );
        for (number, said) in (1..).zip(self.own()) {
            let _ = writeln!(text, "{number}. {}", json!(said));
        }
        let now = self.now(agents);
        Request {
            system: PLANNER.into(),
            system_tail: super::prompt::tail(&now, false),
            messages: vec![Message { role: Role::User, parts: vec![Part::Text(text)] }],
            tools: Arc::default(),
            output_tokens_max: PLAN_TOKENS_MAX,
            now,
        }
    }

    /// What the built-in commands make of the last words.
    fn commanded(self, agents: &Agents, run: &Run, tools: &[Plannable<'_>]) -> Intent {
        let now = self.now(agents);
        let Words { window, calls } = self;
        let handling = Handling::of(&agents.config.get().guard);
        let history = History { handling, window, calls, attachments: Vec::new() };
        let request = Request {
            system: "".into(),
            system_tail: String::new(),
            messages: context::messages(&history),
            tools: agents.toolbox.schemas(&run.persona.allowed_tools),
            output_tokens_max: 0,
            now,
        };
        let slot = |(tool, arguments): (&str, Value)| {
            Slot::of(tools.iter().find(|it| it.tool == tool)?, &arguments)
        };
        let calls = agents.outside.models().commands.calls(&request);
        Intent { slots: calls.into_iter().filter_map(slot).collect() }
    }
}
