//! What a model may do with other agents: see who there is, and ask one.

use serde::Deserialize;
use serde_json::Value;

use super::{Agent, store};
use crate::agent::AgentState;
use crate::agent::tool::{self, Arg, Cx, Outcome, Output, Tool};
use crate::call::Role;
use crate::db::Tx;
use crate::error::Result;
use crate::guard::permit::Permit;
use crate::ids::AgentId;
use crate::label::{Label, Trust};

/// Of what was written for an agent, to tell it by.
const ABOUT_CHARS_MAX: usize = 120;

pub fn all() -> Vec<Tool> {
    vec![
        Tool::read("agents", "agents_list", "Lists the other agents.", |cx, _, _| list(cx)),
        Tool::write(
            "agents",
            "agents_run",
            "Has another agent do something and waits for its answer.",
            run,
        )
        .arg(Arg::text("agent", Role::Id, "Its name."))
        .arg(
            Arg::text(
                "message",
                Role::Content,
                "What it is to do; it knows nothing else. Without it: what was written for it.",
            )
            .optional(),
        )
        .even_dry(),
    ]
}

async fn list(cx: Cx) -> Result<Output> {
    let agents = cx.db.read(store::list).await?;
    let others = agents.iter().filter(|it| it.id != cx.agent_id);
    let label = Label::of_shown(others.clone().map(|it| &it.label));
    let lines: Vec<String> = others.map(line).collect();
    Ok(match lines.is_empty() {
        true => Output::own("There is no other agent."),
        false => Output::labelled(lines.join("\n"), label),
    })
}

fn line(agent: &Agent) -> String {
    let about: String = agent.new.prompt.chars().take(ABOUT_CHARS_MAX).collect();
    let state = match agent.state {
        AgentState::Active => "",
        AgentState::Paused => " (paused)",
        AgentState::Stopped => " (stopped)",
        AgentState::Error => " (out of order)",
    };
    format!("- {}{state}: {}", agent.new.name, about.replace('\n', " "))
}

#[derive(Deserialize)]
struct Ask {
    agent: String,
    message: Option<String>,
}

fn run(tx: &Tx<'_>, _: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let Ask { agent, message } = tool::parse(args)?;
    let agents = store::list(tx)?;
    let id: Option<AgentId> = agent.parse().ok();
    let named = |it: &&Agent| {
        Some(it.id) == id || it.new.name.to_lowercase() == agent.trim().to_lowercase()
    };
    let Some(found) = agents.iter().find(named) else {
        let names: Vec<&str> = agents.iter().map(|it| it.new.name.as_str()).collect();
        let told = format!("There is no agent {agent:?}. There are: {}.", names.join(", "));
        return Ok(Output::failed(told, Label::of_shown(agents.iter().map(|it| &it.label))));
    };
    // What somebody else wrote for it is no order.
    let own = (found.label.trust == Trust::Owner).then(|| found.new.prompt.clone());
    let Some(message) = message.or(own).filter(|it| !it.trim().is_empty()) else {
        let told = format!("Say what {} is to do.", found.new.name);
        return Ok(Output::failed(told, Label::of_shown([&found.label])));
    };
    let outcome = Outcome::Runs { agent: found.id, message };
    Ok(Output { outcome, ..Output::own(String::new()) })
}
