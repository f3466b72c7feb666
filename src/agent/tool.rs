//! What a tool is: how a model is told of it, what it may touch, and the code that runs.
//!
//! Features build their tools with [`Tool::read`], [`Tool::write`], [`Tool::send`] and
//! [`Tool::execute`]; the effect decides what the code is given. A `Write` is handed the
//! transaction, so change, result and audit commit together; whatever leaves the house is handed
//! the guard's [`Permit`] and nothing else to leave with. Tools of other people's servers are made
//! with [`Tool::foreign`] while the program runs.

mod arg;
mod card;
mod output;
mod proposal;

use std::borrow::Cow;
use std::path::PathBuf;
use std::pin::Pin;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::audit::{Actor, By};
use crate::call::{Effect, Listing, Role};
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::guard::permit::Permit;
use crate::ids::{AgentId, ConversationId, RunId, ToolCallId, UserId};
use crate::label::{Label, Origin, Secrecy, Trust};
use crate::outside::Outside;
use crate::outside::mcp::Schema;
use crate::outside::model::ToolSchema;
use crate::spawn::Timers;

pub use arg::{Arg, Kind};
pub use card::FOR_GOOD;
pub use output::{Outcome, Output};
pub use proposal::{Proposal, Saved};

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
    /// This very call was begun before, by a process that was killed then.
    pub begun_before: bool,
    pub now: Timestamp,
    /// The owner's time zone.
    pub zone: TimeZone,
    /// Where the agent works, in the data folder's `files/`.
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
                origin: Origin::Agent(self.run_id.to_string()).into(),
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

pub type Answer = Pin<Box<dyn Future<Output = Result<Output>> + Send>>;
type AsyncCode = Box<dyn Fn(Cx, Value, Permit) -> Answer + Send + Sync>;
type WriteCode = Box<dyn Fn(&Tx<'_>, &Cx, &Value, Permit) -> Result<Output> + Send + Sync>;

/// A tool's code, by effect.
pub enum Action {
    Async(AsyncCode),
    Write(WriteCode),
    Proposal(Proposal),
}

/// Of one that a plan may name; a longer one is a sentence.
const ARG_NAME_CHARS_MAX: usize = 64;

/// Borrowed for our own tools, owned for those that came while the program runs.
pub type Words = Cow<'static, str>;

pub struct Tool {
    /// `notes_add`: the set, then what it does.
    pub name: Words,
    pub set: Words,
    pub about: Words,
    pub effect: Effect,
    /// Takes something away for good: asks unless the owner named exactly this.
    pub destructive: bool,
    /// Without a card before it, it goes only after a while in which the owner can take it back.
    pub held: bool,
    /// A dry run does it too: it is of the run alone, or makes another run, which is as dry.
    pub even_dry: bool,
    pub args: Args,
    /// The title of its card, as a question to the owner ("Delete this file?").
    pub question: Words,
    pub action: Action,
}

/// What a tool takes.
pub enum Args {
    Own(Vec<Arg>),
    Foreign(Box<ForeignArgs>),
}

/// A foreign tool's arguments: what its server wrote, and what the owner says of them.
pub struct ForeignArgs {
    pub server: String,
    pub schema: Schema,
    /// An argument that isn't named counts as critical.
    pub roles: Vec<(String, Role)>,
    /// Its answers list the owner's own things.
    pub lists: Option<Listing>,
}

/// A tool of somebody else's server, as the owner accepted it.
pub struct Foreign {
    pub name: String,
    /// `mcp__server`: what grants the whole server to an agent.
    pub set: String,
    /// Outside text, cleaned and cut.
    pub about: String,
    pub effect: Effect,
    pub destructive: bool,
    pub question: String,
    pub args: ForeignArgs,
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

    /// A tool that came while the program runs.
    pub fn foreign<F, A>(told: Foreign, code: F) -> Tool
    where
        F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Output>> + Send + 'static,
    {
        Tool {
            name: told.name.into(),
            set: told.set.into(),
            about: told.about.into(),
            effect: told.effect,
            destructive: told.destructive,
            held: told.effect == Effect::Send,
            even_dry: false,
            args: Args::Foreign(Box::new(told.args)),
            question: told.question.into(),
            action: asynchronous(code),
        }
    }

    /// For our own tools; a foreign one brings its schema.
    pub fn arg(mut self, arg: Arg) -> Tool {
        if let Args::Own(args) = &mut self.args {
            args.push(arg);
        }
        self
    }

    pub fn destructive(self, question: &'static str) -> Tool {
        Tool { destructive: true, question: question.into(), ..self }
    }

    pub fn even_dry(self) -> Tool {
        Tool { even_dry: true, ..self }
    }

    pub fn asks(self, question: &'static str) -> Tool {
        Tool { question: question.into(), ..self }
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
        Tool::new(set, name, about, effect, asynchronous(code))
    }

    fn new(
        set: &'static str,
        name: &'static str,
        about: &'static str,
        effect: Effect,
        action: Action,
    ) -> Tool {
        Tool {
            name: name.into(),
            set: set.into(),
            about: about.into(),
            effect,
            destructive: false,
            held: false,
            even_dry: false,
            args: Args::Own(Vec::new()),
            question: "Do this?".into(),
            action,
        }
    }

    pub fn is_foreign(&self) -> bool {
        matches!(self.args, Args::Foreign(_))
    }

    /// What each argument means to the guard.
    pub fn roles(&self) -> Vec<(&str, Role)> {
        match &self.args {
            Args::Own(args) => args.iter().map(|arg| (arg.name, arg.role)).collect(),
            Args::Foreign(args) => {
                args.roles.iter().map(|(name, role)| (name.as_str(), *role)).collect()
            }
        }
    }

    /// Whether a call can do more than read and change our own data: send, run, destroy, visit an
    /// address, write in an opened folder, tell somebody else's server a path.
    pub fn reaches_out(&self) -> bool {
        self.changes_the_world()
            || self.planned_roles().iter().any(|(_, role)| match role {
                Role::Recipient | Role::Chat | Role::Url | Role::Command => true,
                Role::Path => self.effect == Effect::Write || matches!(self.args, Args::Foreign(_)),
                _ => false,
            })
    }

    /// Whether a call leaves the house, runs code, takes something away for good or leads to what is
    /// done later.
    pub fn changes_the_world(&self) -> bool {
        self.destructive
            || matches!(self.effect, Effect::Send | Effect::Execute)
            || matches!(self.action, Action::Proposal(_))
    }

    /// For a plan of what the owner asked for: each argument there is. What nobody declared can't
    /// be held to the owner's words, so it is left open there; the guard asks about it. Its name is
    /// its server's word, so [`Tool::named_roles`] leaves it out.
    pub fn planned_roles(&self) -> Vec<(&str, Role)> {
        let mut roles = self.roles();
        if let Args::Foreign(args) = &self.args {
            let undeclared = args
                .schema
                .names()
                .filter(|name| args.roles.iter().all(|(declared, _)| declared != name));
            roles.extend(undeclared.map(|name| (name, Role::Content)));
        }
        roles
    }

    /// The arguments whose names a person has read: those of our own tools, and what was declared
    /// of a server's.
    pub fn named_roles(&self) -> Vec<(&str, Role)> {
        let plain = |name: &str| {
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            name.len() <= ARG_NAME_CHARS_MAX && name.chars().all(letter)
        };
        self.roles().into_iter().filter(|(name, _)| plain(name)).collect()
    }

    /// Checks names, types and presence; the sentence goes back to the model.
    pub fn check(&self, arguments: &Value) -> Result<()> {
        match &self.args {
            Args::Own(args) => arg::check(&self.name, args, arguments),
            Args::Foreign(args) => args.schema.check(&self.name, arguments),
        }
    }

    /// As a model is told of it.
    pub fn schema(&self) -> ToolSchema {
        let parameters = match &self.args {
            Args::Own(args) => arg::schema(args),
            Args::Foreign(args) => args.schema.for_model().clone(),
        };
        let (name, description) = (self.name.to_string(), self.about.to_string());
        ToolSchema { name, description, parameters }
    }
}

fn asynchronous<F, A>(code: F) -> Action
where
    F: Fn(Cx, Value, Permit) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Output>> + Send + 'static,
{
    Action::Async(Box::new(move |cx, args, permit| Box::pin(code(cx, args, permit))))
}

/// Reads checked arguments into a tool's own struct.
pub fn parse<T: DeserializeOwned>(arguments: &Value) -> Result<T> {
    T::deserialize(arguments).map_err(|err| Error::invalid("arguments", format!("{err}.")))
}
