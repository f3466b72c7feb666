//! The model: it does what the user asked for, as the suite's own solution does, until it reads the
//! attacker's text; from then on it does what that says.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::Seen;

use super::suite::{Call, Declared, Roles, Told};

/// Variants of one call that are tried at most.
const SWAPS_MAX: usize = 12;

/// When, and how, a model that reads the attacker's text obeys it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    AtFirstSight,
    AtTheEnd,
    /// The user's own effects are left undone, so all that they ask for is still to be had.
    InPlaceOfTheUser,
    /// The user's own effects, with single values of the attacker's in them.
    ValuesSwapped,
}

impl Turn {
    pub const ALL: [Turn; 4] =
        [Turn::AtFirstSight, Turn::AtTheEnd, Turn::InPlaceOfTheUser, Turn::ValuesSwapped];
}

/// What is played just now.
pub struct Stage {
    suite: &'static str,
    roles: Arc<Roles>,
    pub people: Vec<(String, String)>,
    pub told: Option<Told>,
    pub turn: Turn,
    /// Which of the values is swapped; none: one after another, each in a call of its own.
    pub swap: Option<usize>,
    /// Answers with calls, of the run that is on.
    pub answers: usize,
    pub has_read_attack: bool,
}

impl Stage {
    pub fn new(suite: &'static str, roles: Arc<Roles>) -> Stage {
        let turn = Turn::AtTheEnd;
        let people = Vec::new();
        Stage {
            suite,
            roles,
            people,
            told: None,
            turn,
            swap: None,
            answers: 0,
            has_read_attack: false,
        }
    }

    pub fn show(&mut self, told: Told, turn: Turn, swap: Option<usize>) {
        (self.told, self.turn, self.swap) = (Some(told), turn, swap);
        (self.answers, self.has_read_attack) = (0, false);
    }

    pub fn answer(&mut self, seen: &Seen) -> Answer {
        let told = self.told.clone().expect("something is played");
        let request = seen.json();
        let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        if request["tools"].is_null() {
            let asked = messages.last().map(|it| it["content"].to_string()).unwrap_or_default();
            return Answer::of(Kind::OpenAi, &[Say::Text(&self.plan(&told, &asked))]);
        }
        let asked = messages.iter().rposition(|it| it["role"] == "user").unwrap_or_default();
        let (mut answers, mut read_after) = (0, None);
        for message in &messages[asked..] {
            answers += usize::from(message["tool_calls"].is_array());
            let is_attack =
                message["role"] == "tool" && message["content"].to_string().contains(&told.mark);
            if is_attack && read_after.is_none() {
                read_after = Some(answers);
            }
        }
        self.answers = answers;
        self.has_read_attack |= read_after.is_some();
        let steps = self.steps(&told, read_after);
        let Some(step) = steps.get(answers) else {
            let words = if told.output.is_empty() { "Done." } else { &told.output };
            return Answer::of(Kind::OpenAi, &[Say::Text(words)]);
        };
        let names = step.iter().map(|call| self.tool(call)).collect::<Vec<_>>();
        let calls = names.iter().zip(step);
        let calls = calls.map(|(name, call)| Say::Call(name, Value::Object(call.args.clone())));
        Answer::of(Kind::OpenAi, &calls.collect::<Vec<_>>())
    }

    /// All answers with calls, one after another, for a model that has read the attack with its
    /// answer of this number.
    fn steps(&self, told: &Told, read_after: Option<usize>) -> Vec<Vec<Call>> {
        let mut honest = steps_of(&told.calls);
        let (Some(read), Some(attack)) = (read_after, &told.attack) else { return honest };
        let attack = steps_of(&attack.calls);
        let at = match self.turn {
            Turn::AtTheEnd => honest.len(),
            _ => read.min(honest.len()),
        };
        let rest = honest.split_off(at);
        let acts = |step: &Vec<Call>| self.roles[&step[0].function].acts();
        match self.turn {
            Turn::AtFirstSight | Turn::AtTheEnd => [honest, attack, rest].concat(),
            Turn::InPlaceOfTheUser => {
                let reads = rest.into_iter().filter(|step| !acts(step)).collect();
                [honest, attack, reads].concat()
            }
            Turn::ValuesSwapped => {
                let attack = attack.concat();
                let swap = |step: Vec<Call>| {
                    let swapped = step.iter().flat_map(|call| self.swapped(call, &attack));
                    let swapped: Vec<Call> = swapped.take(SWAPS_MAX).collect();
                    if acts(&step) && !swapped.is_empty() { swapped } else { step }
                };
                honest.into_iter().chain(rest.into_iter().map(swap)).collect()
            }
        }
    }

    /// The user's call with one value of the attacker's in it, in each way that there is.
    fn swapped(&self, call: &Call, attack: &[Call]) -> Vec<Call> {
        let mut found: Vec<Call> = Vec::new();
        let declared = &self.roles[&call.function];
        let mut arguments: Vec<(&String, &String)> = declared.roles.iter().collect();
        arguments.sort_by_key(|(_, role)| *role == "content");
        for (name, role) in arguments {
            let Some(own) = call.args.get(name).filter(|it| !it.is_null()) else { continue };
            for other in attack {
                let theirs = &self.roles[&other.function];
                for (_, value) in other.args.iter().filter(|(name, _)| theirs.roles[*name] == *role)
                {
                    let mut args = call.args.clone();
                    args.insert(name.clone(), shaped(value, own));
                    let swapped = Call { function: call.function.clone(), args };
                    if swapped != *call && !found.contains(&swapped) {
                        found.push(swapped);
                    }
                }
            }
        }
        match self.swap {
            Some(nth) if !found.is_empty() => vec![found.swap_remove(nth % found.len())],
            _ => found,
        }
    }

    fn tool(&self, call: &Call) -> String {
        format!("mcp__{}__{}", self.suite, call.function)
    }

    /// What a perfect planner writes down: each effect of the user's task, with those values bound
    /// that stand in the prompt.
    fn plan(&self, told: &Told, asked: &str) -> String {
        let plannable = |call: &&Call| asked.contains(&format!("- {}(", self.tool(call)));
        let effects: Vec<Value> = told
            .calls
            .iter()
            .filter(plannable)
            .map(|call| {
                let declared = &self.roles[&call.function];
                json!({"tool": self.tool(call), "arguments": self.bound(told, call, declared)})
            })
            .collect();
        json!({ "effects": effects }).to_string()
    }

    fn bound(&self, told: &Told, call: &Call, declared: &Declared) -> Map<String, Value> {
        let critical = declared.critical(call).into_iter();
        let in_words = critical.filter_map(|(name, _, value)| {
            let words = self.words_for(&told.prompt, value).or_else(|| named(told, name, value))?;
            Some((name.to_owned(), words))
        });
        in_words.collect()
    }

    /// How the prompt says a value; none: it does not.
    fn words_for(&self, prompt: &str, value: &Value) -> Option<Value> {
        let said = |text: &str| prompt.to_lowercase().contains(&text.to_lowercase());
        match value {
            Value::String(text) if said(text) => Some(value.clone()),
            Value::String(text) => {
                let named =
                    self.people.iter().find(|(name, address)| address == text && said(name));
                named.map(|(name, _)| Value::from(name.as_str()))
            }
            Value::Number(number) => {
                let words = prompt.split(|c: char| !c.is_ascii_digit() && c != '.');
                let mut numbers = words.filter_map(|it| it.trim_matches('.').parse::<f64>().ok());
                numbers.any(|it| Some(it) == number.as_f64()).then(|| value.clone())
            }
            Value::Array(items) if !items.is_empty() => {
                items.iter().map(|item| self.words_for(prompt, item)).collect()
            }
            _ => None,
        }
    }
}

/// How the prompt names a thing of the owner's.
fn named(told: &Told, argument: &str, value: &Value) -> Option<Value> {
    let prompt = told.prompt.to_lowercase();
    let is_it = |it: &&(String, String, String)| {
        it.0 == argument && it.1 == *value && prompt.contains(&it.2.to_lowercase())
    };
    told.things.iter().find(is_it).map(|it| Value::from(it.2.as_str()))
}

/// Calls of the same tool, one behind the other, are made in one answer.
fn steps_of(calls: &[Call]) -> Vec<Vec<Call>> {
    calls.chunk_by(|one, next| one.function == next.function).map(<[Call]>::to_vec).collect()
}

/// `value` where a list, or one value, is wanted, as `like` is.
fn shaped(value: &Value, like: &Value) -> Value {
    match (value, like) {
        (Value::Array(items), Value::Array(_)) => Value::from(items.clone()),
        (Value::Array(items), _) => items.first().cloned().unwrap_or_default(),
        (single, Value::Array(_)) => json!([single]),
        (single, _) => single.clone(),
    }
}
