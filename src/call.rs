//! A tool call as it is judged: what it does, what its arguments mean, its exact bytes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What a tool does to the world. `Read` and `Write` stay in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing; may be done twice.
    Read,
    /// Changes our own data, in one transaction.
    Write,
    /// Leaves the house.
    Send,
    /// Runs code.
    Execute,
}

impl Effect {
    /// Those of tools that others offer; `Write` is for our own data.
    pub const FOREIGN: [Effect; 3] = [Effect::Read, Effect::Send, Effect::Execute];

    /// As the API and the config file write it.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Send => "send",
            Effect::Execute => "execute",
        }
    }

    /// The effect of a tool that others offer.
    pub fn foreign(name: &str) -> Option<Effect> {
        Effect::FOREIGN.into_iter().find(|effect| effect.name() == name)
    }
}

/// What an argument means. All but the last two are critical: a wrong one does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A mail address that is written to.
    Recipient,
    /// A chat that is written to, or an account that is paid, as its place calls it.
    Chat,
    Url,
    Path,
    Amount,
    Date,
    Id,
    Command,
    /// Free text.
    Content,
    /// Choices without weight: a sort order, a page number.
    Soft,
}

/// Where the answers of a tool name things that are the owner's alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Of whichever tool of the same server takes it.
    pub argument: String,
    /// The field of an item that such an argument takes.
    pub value: String,
    /// The field that holds what the owner calls it.
    pub name: String,
}

const FIELD_CHARS_MAX: usize = 100;

impl Listing {
    /// Without the blanks around its words; `None`: nothing stands in it.
    pub fn checked(&self) -> Result<Option<Listing>, String> {
        let words = [&self.argument, &self.value, &self.name].map(|word| word.trim().to_owned());
        if words.iter().all(String::is_empty) {
            return Ok(None);
        }
        if words.iter().any(|word| word.is_empty() || FIELD_CHARS_MAX < word.chars().count()) {
            return Err(format!(
                "What its answers list needs the argument, the field with its value and the field \
                 with the name, of at most {FIELD_CHARS_MAX} letters each."
            ));
        }
        let [argument, value, name] = words;
        Ok(Some(Listing { argument, value, name }))
    }
}

impl Role {
    pub const ALL: [Role; 10] = [
        Role::Recipient,
        Role::Chat,
        Role::Url,
        Role::Path,
        Role::Amount,
        Role::Date,
        Role::Id,
        Role::Command,
        Role::Content,
        Role::Soft,
    ];

    /// As the API and the config file write it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Recipient => "recipient",
            Role::Chat => "chat",
            Role::Url => "url",
            Role::Path => "path",
            Role::Amount => "amount",
            Role::Date => "date",
            Role::Id => "id",
            Role::Command => "command",
            Role::Content => "content",
            Role::Soft => "soft",
        }
    }

    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    pub fn is_critical(self) -> bool {
        !matches!(self, Role::Content | Role::Soft)
    }
}

/// One call, before anything happens.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub tool: &'a str,
    pub effect: Effect,
    /// Takes something away for good: deletes, overwrites.
    pub destructive: bool,
    /// Argument and what it means. One that is not named here counts as critical.
    pub roles: &'a [(&'a str, Role)],
    /// A JSON object.
    pub arguments: &'a Value,
    /// Nobody is watching.
    pub headless: bool,
}

/// Before the name of each tool that others offer: `mcp__SERVER__TOOL`.
pub const FOREIGN_PREFIX: &str = "mcp__";

impl Call<'_> {
    /// Whether somebody else's program reads the arguments, in its own way.
    pub fn is_foreign(&self) -> bool {
        self.tool.starts_with(FOREIGN_PREFIX)
    }

    /// Where the tool's chats are: its server, or the set of a tool of our own, `telegram`.
    pub fn place(&self) -> &str {
        let of = self.tool.strip_prefix(FOREIGN_PREFIX).unwrap_or(self.tool);
        of.split_once('_').map_or(of, |(place, _)| place)
    }

    pub fn hash(&self) -> CallHash {
        call_hash(self.tool, self.arguments)
    }

    pub fn role(&self, argument: &str) -> Option<Role> {
        self.roles.iter().find(|(name, _)| *name == argument).map(|(_, role)| *role)
    }
}

/// Says which call it is: the tool and its arguments to the byte, whatever the order of fields.
pub type CallHash = [u8; 32];

pub fn call_hash(tool: &str, arguments: &Value) -> CallHash {
    let mut sha = Sha256::new();
    sha.update(b"steward/call/1");
    sha.update((tool.len() as u64).to_be_bytes());
    sha.update(tool);
    hash_value(&mut sha, arguments);
    sha.finalize().into()
}

fn hash_value(sha: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            sha.update(b"{");
            sha.update((fields.len() as u64).to_be_bytes());
            for (name, value) in fields {
                hash_value(sha, &Value::String(name.clone()));
                hash_value(sha, value);
            }
        }
        Value::Array(items) => {
            sha.update(b"[");
            sha.update((items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| hash_value(sha, item));
        }
        Value::String(text) => {
            sha.update(b"s");
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        }
        other => {
            let text = other.to_string();
            sha.update(b"v");
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        }
    }
}
