//! An accepted tool, as agents call it.

use serde_json::Value;

use super::{ServerTool, Standing, job, set_name};
use crate::agent::tool::{Cx, Foreign, ForeignArgs, Outcome, Output, Tool};
use crate::call::Effect;
use crate::error::Result;
use crate::guard::permit::Permit;
use crate::label::{Label, Origin, Secrecy};
use crate::outside::mcp::{Answer, Called};

/// None for a tool that nobody may call.
pub fn of(it: &ServerTool) -> Option<Tool> {
    let name = it.name.clone().filter(|_| it.standing() == Standing::Accepted)?;
    let declared = it.in_force();
    let roles = declared.roles.into_iter().collect();
    let told = Foreign {
        name: name.clone(),
        set: set_name(&it.server),
        about: format!("[From the tool server {}, in its words:] {}", it.server, it.description),
        effect: it.effect(),
        destructive: declared.destructive,
        question: format!("Let {} do this?", it.server),
        args: ForeignArgs {
            server: it.server.clone(),
            schema: it.schema.clone(),
            roles,
            lists: declared.lists,
        },
    };
    let (server, tool, effect) = (it.server.clone(), it.tool.clone(), it.effect());
    let secrecy = if declared.secret { Secrecy::Secret } else { Secrecy::Public };
    Some(Tool::foreign(told, move |cx, arguments, permit| {
        let (name, server, tool) = (name.clone(), server.clone(), tool.clone());
        One { name, server, tool, effect, secrecy }.call(cx, arguments, permit)
    }))
}

struct One {
    name: String,
    server: String,
    tool: String,
    effect: Effect,
    /// Of what it answers.
    secrecy: Secrecy,
}

impl One {
    async fn call(self, cx: Cx, arguments: Value, permit: Permit) -> Result<Output> {
        let allowed = permit.foreign(&self.name, &arguments, (&self.server, &self.tool))?;
        let called = cx.outside.mcp().call(allowed).await;
        if !matches!(called, Called::Answered(_)) {
            cx.timers.wake(job::TEND);
        }
        let label = Label { secrecy: self.secrecy, ..Label::outside(Origin::Mcp(self.server)) };
        match called {
            Called::Answered(Answer { text, images, failed }) => {
                let outcome = if failed { Outcome::Failed } else { Outcome::Done };
                Ok(Output { text, label, images, outcome })
            }
            Called::NotDone(why) => Ok(Output::failed(why, label)),
            Called::Unknown(why) if self.effect == Effect::Read => Ok(Output::failed(why, label)),
            Called::Unknown(why) => {
                let text = format!(
                    "{why} So it is not known whether it was done. It is not tried again by itself."
                );
                let outcome = Outcome::Unknown;
                Ok(Output { outcome, ..Output::labelled(text, label) })
            }
        }
    }
}
