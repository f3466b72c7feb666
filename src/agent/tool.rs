//! What a tool is: how a model is told of it, what it may touch, and the code that runs.
//!
//! Features build their tools with [`Tool::read`], [`Tool::write`], [`Tool::send`] and
//! [`Tool::execute`]; the effect decides what the code is given. A `Write` is handed the
//! transaction, so change, result and audit commit together; whatever leaves the house is handed
//! the guard's [`Permit`] and nothing else to leave with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::guard::audit::{Actor, By};
use crate::guard::call::{Effect, Role};
use crate::guard::label::{Label, Origin, Secrecy, Trust};
use crate::guard::permit::Permit;
use crate::ids::{AgentId, ConversationId, RunId, ToolCallId, UserId};
use crate::outside::Outside;
use crate::outside::model::ToolSchema;
use crate::spawn::Timers;

/// A result longer than this is cut; the model is told so.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

/// What a tool is given beside its arguments.
#[derive(Clone)]
pub struct Cx {
    pub user_id: UserId,
    pub agent_id: AgentId,
    pub conversation_id: ConversationId,
    pub run_id: RunId,
    pub call_id: ToolCallId,
    pub now: Timestamp,
    /// The owner's time zone.
    pub zone: TimeZone,
    /// The data folder's `files/` of this user.
    pub files: PathBuf,
    pub db: Db,
    pub outside: Outside,
    pub timers: Timers,
    /// The least trusted label of all that the run has read: what it writes carries this.
    pub label: Label,
}

impl Cx {
    pub fn local_now(&self) -> Zoned {
        self.now.to_zoned(self.zone.clone())
    }

    /// Who acts, for the ledger.
    pub fn by(&self) -> By {
        By::new(Actor::Agent(self.agent_id), "system", self.now)
    }

    /// The label of what the run writes: its own words, unless it has read somebody else's.
    pub fn written_label(&self) -> Label {
        match self.label.trust {
            Trust::Outside => self.label.clone(),
            Trust::Own | Trust::Owner => Label {
                origin: Origin::Agent(self.run_id.to_string()),
                trust: Trust::Own,
                secrecy: self.label.secrecy.max(Secrecy::Private),
            },
        }
    }

    /// Runs a job once this change is on disk.
    pub fn wake(&self, tx: &Tx<'_>, job: &'static str) {
        let timers = self.timers.clone();
        tx.after_commit(move || timers.wake(job));
    }
}

/// What a tool answers: a text for the model, which people read too.
#[derive(Debug, Clone)]
pub struct Output {
    pub text: String,
    pub label: Label,
    /// `data:` URLs, shown to the owner.
    pub images: Vec<String>,
}

impl Output {
    /// An answer from the owner's own data, or about a change to it.
    pub fn own(text: impl Into<String>) -> Output {
        Output { text: text.into(), label: Label::own_data(), images: Vec::new() }
    }

    pub fn labelled(text: impl Into<String>, label: Label) -> Output {
        Output { text: text.into(), label, images: Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    TextList,
}

/// One argument. `role` tells the guard what it decides about.
#[derive(Debug, Clone)]
pub struct Arg {
    pub name: &'static str,
    pub kind: Kind,
    pub role: Role,
    pub required: bool,
    pub about: &'static str,
}

impl Arg {
    pub const fn text(name: &'static str, role: Role, about: &'static str) -> Arg {
        Arg { name, kind: Kind::Text, role, required: true, about }
    }

    pub const fn integer(name: &'static str, role: Role, about: &'static str) -> Arg {
        Arg { name, kind: Kind::Integer, role, required: true, about }
    }

    pub const fn optional(self) -> Arg {
        Arg { required: false, ..self }
    }

    fn schema(&self) -> Value {
        match self.kind {
            Kind::Text => json!({"type": "string", "description": self.about}),
            Kind::Integer => json!({"type": "integer", "description": self.about}),
            Kind::Boolean => json!({"type": "boolean", "description": self.about}),
            Kind::TextList => {
                json!({"type": "array", "items": {"type": "string"}, "description": self.about})
            }
        }
    }
}

pub type Answer = Pin<Box<dyn Future<Output = Result<Output>> + Send>>;
type AsyncCode = Box<dyn Fn(Cx, Value, Permit) -> Answer + Send + Sync>;
type WriteCode = Box<dyn Fn(&Tx<'_>, &Cx, &Value, Permit) -> Result<Output> + Send + Sync>;

/// A tool's code, by effect.
pub enum Action {
    Async(AsyncCode),
    Write(WriteCode),
}

pub struct Tool {
    /// `notes_add`: the set, then what it does.
    pub name: &'static str,
    pub set: &'static str,
    pub about: &'static str,
    pub effect: Effect,
    /// Takes something away for good: always asks.
    pub destructive: bool,
    pub args: Vec<Arg>,
    /// The title of its card, as a question to the owner ("Delete this file?").
    pub question: &'static str,
    pub action: Action,
}

impl Tool {
    pub fn read<F, A>(set: &'static str, name: &'static str, about: &'static str, code: F) -> Tool
    where
        F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Output>> + Send + 'static,
    {
        Tool::asynchronous(set, name, about, Effect::Read, code)
    }

    pub fn write<F>(set: &'static str, name: &'static str, about: &'static str, code: F) -> Tool
    where
        F: Fn(&Tx<'_>, &Cx, &Value, Permit) -> Result<Output> + Send + Sync + 'static,
    {
        Tool::new(set, name, about, Effect::Write, Action::Write(Box::new(code)))
    }

    pub fn send<F, A>(set: &'static str, name: &'static str, about: &'static str, code: F) -> Tool
    where
        F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Output>> + Send + 'static,
    {
        Tool::asynchronous(set, name, about, Effect::Send, code)
    }

    pub fn execute<F, A>(
        set: &'static str,
        name: &'static str,
        about: &'static str,
        code: F,
    ) -> Tool
    where
        F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Output>> + Send + 'static,
    {
        Tool::asynchronous(set, name, about, Effect::Execute, code)
    }

    pub fn arg(mut self, arg: Arg) -> Tool {
        self.args.push(arg);
        self
    }

    pub fn destructive(self, question: &'static str) -> Tool {
        Tool { destructive: true, question, ..self }
    }

    pub fn asks(self, question: &'static str) -> Tool {
        Tool { question, ..self }
    }

    fn asynchronous<F, A>(
        set: &'static str,
        name: &'static str,
        about: &'static str,
        effect: Effect,
        code: F,
    ) -> Tool
    where
        F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Output>> + Send + 'static,
    {
        let code: AsyncCode = Box::new(move |cx, args, permit| Box::pin(code(cx, args, permit)));
        Tool::new(set, name, about, effect, Action::Async(code))
    }

    fn new(
        set: &'static str,
        name: &'static str,
        about: &'static str,
        effect: Effect,
        action: Action,
    ) -> Tool {
        let question = "Do this?";
        Tool { name, set, about, effect, destructive: false, args: Vec::new(), question, action }
    }

    pub fn roles(&self) -> Vec<(&'static str, Role)> {
        self.args.iter().map(|arg| (arg.name, arg.role)).collect()
    }

    /// Whether a call can do more than read and change our own data: send, run, destroy, visit an
    /// address, write in an opened folder.
    pub fn reaches_out(&self) -> bool {
        self.destructive
            || matches!(self.effect, Effect::Send | Effect::Execute)
            || self.args.iter().any(|arg| match arg.role {
                Role::Recipient | Role::Url | Role::Command => true,
                Role::Path => self.effect == Effect::Write,
                _ => false,
            })
    }

    /// Whom a call reaches, for its card; empty when nobody.
    pub fn recipient_of(&self, arguments: &Value) -> String {
        let arg = self.args.iter().find(|arg| arg.role == Role::Recipient);
        arg.and_then(|arg| arguments[arg.name].as_str()).unwrap_or_default().to_owned()
    }

    /// Checks names, types and presence; the sentence goes back to the model.
    pub fn check(&self, arguments: &Value) -> Result<()> {
        let Value::Object(given) = arguments else {
            return Err(Error::invalid("arguments", "The arguments must be a JSON object."));
        };
        for (name, value) in given {
            let Some(arg) = self.args.iter().find(|arg| arg.name == name) else {
                let known: Vec<&str> = self.args.iter().map(|arg| arg.name).collect();
                let message = format!(
                    "{} has no argument {name:?}. Its arguments: {}.",
                    self.name,
                    known.join(", ")
                );
                return Err(Error::invalid(name.clone(), message));
            };
            let fits = match arg.kind {
                Kind::Text => value.is_string(),
                Kind::Integer => value.is_i64() || value.is_u64(),
                Kind::Boolean => value.is_boolean(),
                Kind::TextList => {
                    value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
                }
            };
            if !fits && (arg.required || !value.is_null()) {
                let message = format!("The argument {name:?} of {} has the wrong type.", self.name);
                return Err(Error::invalid(name.clone(), message));
            }
        }
        match self.args.iter().find(|arg| arg.required && !given.contains_key(arg.name)) {
            Some(arg) => {
                let message = format!("{} needs the argument {:?}.", self.name, arg.name);
                Err(Error::invalid(arg.name, message))
            }
            None => Ok(()),
        }
    }

    fn schema(&self) -> ToolSchema {
        let properties: Map<String, Value> =
            self.args.iter().map(|arg| (arg.name.to_owned(), arg.schema())).collect();
        let required: Vec<&str> =
            self.args.iter().filter(|arg| arg.required).map(|arg| arg.name).collect();
        ToolSchema {
            name: self.name.to_owned(),
            description: self.about.to_owned(),
            parameters: json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            }),
        }
    }
}

/// Reads checked arguments into a tool's own struct.
pub fn parse<T: DeserializeOwned>(arguments: &Value) -> Result<T> {
    T::deserialize(arguments).map_err(|err| Error::invalid("arguments", format!("{err}.")))
}

/// Names of sets and single tools.
type Allowed = Vec<String>;
type Schemas = Arc<[ToolSchema]>;

/// All tools, built once.
#[derive(Clone, Default)]
pub struct Toolbox {
    tools: Arc<BTreeMap<&'static str, Tool>>,
    /// Schemas by what an agent may use: built once for each list, then shared by every turn.
    schemas: Arc<Mutex<BTreeMap<Allowed, Schemas>>>,
}

impl Toolbox {
    pub fn new(tools: impl IntoIterator<Item = Tool>) -> Toolbox {
        let tools = tools.into_iter().map(|tool| (tool.name, tool)).collect();
        Toolbox { tools: Arc::new(tools), schemas: Arc::default() }
    }

    pub fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values()
    }

    /// `allowed` holds names of sets and of single tools; none listed means none.
    pub fn allows(&self, allowed: &[String], name: &str) -> bool {
        self.find(name)
            .is_some_and(|tool| allowed.iter().any(|may| may == tool.name || may == tool.set))
    }

    pub fn schemas(&self, allowed: &[String]) -> Schemas {
        let mut cache = self.schemas.lock().expect("nobody panics while building schemas");
        if let Some(known) = cache.get(allowed) {
            return known.clone();
        }
        let built: Arc<[ToolSchema]> =
            self.all().filter(|tool| self.allows(allowed, tool.name)).map(Tool::schema).collect();
        cache.insert(allowed.to_vec(), built.clone());
        built
    }
}
