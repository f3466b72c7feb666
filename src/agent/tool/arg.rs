//! The arguments of our own tools: named, typed, and each with what it means to the guard.

use serde_json::{Map, Value, json};

use crate::call::Role;
use crate::error::{Error, Result};

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

    pub const fn texts(name: &'static str, role: Role, about: &'static str) -> Arg {
        Arg { name, kind: Kind::TextList, role, required: true, about }
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

/// Checks names, types and presence; the sentence goes back to the model.
pub fn check(tool: &str, args: &[Arg], arguments: &Value) -> Result<()> {
    let Value::Object(given) = arguments else {
        return Err(Error::invalid("arguments", "The arguments must be a JSON object."));
    };
    for (name, value) in given {
        let Some(arg) = args.iter().find(|arg| arg.name == name) else {
            let known: Vec<&str> = args.iter().map(|arg| arg.name).collect();
            let message =
                format!("{tool} has no argument {name:?}. Its arguments: {}.", known.join(", "));
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
            let message = format!("The argument {name:?} of {tool} has the wrong type.");
            return Err(Error::invalid(name.clone(), message));
        }
    }
    match args.iter().find(|arg| arg.required && !given.contains_key(arg.name)) {
        Some(arg) => {
            let message = format!("{tool} needs the argument {:?}.", arg.name);
            Err(Error::invalid(arg.name, message))
        }
        None => Ok(()),
    }
}

/// As a model is told of them.
pub fn schema(args: &[Arg]) -> Value {
    let properties: Map<String, Value> =
        args.iter().map(|arg| (arg.name.to_owned(), arg.schema())).collect();
    let required: Vec<&str> = args.iter().filter(|arg| arg.required).map(|arg| arg.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
