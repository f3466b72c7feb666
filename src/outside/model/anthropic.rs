//! Anthropic's messages wire: `POST {base_url}/v1/messages`, streamed.
//!
//! Shapes: docs.claude.com, "Messages" and "Streaming messages", version 2023-06-01. What is the
//! same from turn to turn (tools, system prompt, the conversation so far) carries cache marks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{self, Reader};
use super::calls::{CALLS_MAX, Gathering, as_object};
use super::provider::Provider;
use super::retry::Failure;
use super::sse::Event;
use super::{Delta, Message, Part, Request, Role, StopReason, ToolSchema, Usage};

/// Cache marks on messages: where this call ends and where the one before it ended. Tools and
/// system prompt have one each, and four is all that the wire takes.
const MARKED_MESSAGES: usize = 2;

/// The body of a call.
pub(super) fn body(model: &str, request: &Request) -> Value {
    let mut body = json!({
        "model": model,
        "max_tokens": request.output_tokens_max,
        "stream": true,
        "messages": messages(&request.messages),
    });
    let mut system = Vec::new();
    if !request.system.is_empty() {
        system.push(marked(json!({ "type": "text", "text": &*request.system })));
    }
    if !request.system_tail.is_empty() {
        system.push(json!({ "type": "text", "text": request.system_tail }));
    }
    if !system.is_empty() {
        body["system"] = system.into();
    }
    let offered = tools(&request.tools);
    let may_call = request.may_call && !offered.is_empty();
    let told = if offered.is_empty() { called(&request.messages) } else { offered };
    if !told.is_empty() {
        body["tools"] = told.into();
        if !may_call {
            body["tool_choice"] = json!({ "type": "none" });
        }
    }
    body
}

/// The tools that these messages speak of, by name alone: the wire refuses calls and results where no
/// tools are defined.
fn called(messages: &[Message]) -> Vec<Value> {
    let parts = messages.iter().flat_map(|message| &message.parts);
    let names: BTreeSet<&str> = parts
        .filter_map(|part| match part {
            Part::ToolCall { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let tool = |name| json!({ "name": name, "input_schema": { "type": "object" } });
    names.into_iter().map(tool).collect()
}

fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

fn tools(schemas: &[ToolSchema]) -> Vec<Value> {
    let mut tools: Vec<Value> = schemas
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters,
            })
        })
        .collect();
    if let Some(last) = tools.pop() {
        tools.push(marked(last));
    }
    tools
}

fn messages(messages: &[Message]) -> Vec<Value> {
    let mut wire: Vec<Value> = Vec::new();
    for message in messages {
        let mut content: Vec<Value> = message.parts.iter().filter_map(part).collect();
        // The wire wants results before anything else that the user says.
        content.sort_by_key(|block| block["type"] != "tool_result");
        if content.is_empty() {
            continue;
        }
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        wire.push(json!({ "role": role, "content": content }));
    }
    let user = wire.iter_mut().rev().filter(|message| message["role"] == "user");
    for message in user.take(MARKED_MESSAGES) {
        if let Some(last) = message["content"].as_array_mut().and_then(|blocks| blocks.last_mut()) {
            *last = marked(last.take());
        }
    }
    wire
}

/// None for an empty text, which the wire refuses.
fn part(part: &Part) -> Option<Value> {
    Some(match part {
        Part::Text(text) | Part::Owner(text) | Part::Asked(text) if text.trim().is_empty() => {
            return None;
        }
        Part::Text(text) | Part::Owner(text) | Part::Asked(text) => {
            json!({ "type": "text", "text": text })
        }
        Part::Image { media_type, data } => json!({
            "type": "image",
            "source": { "type": "base64", "media_type": media_type, "data": data },
        }),
        Part::ToolCall { id, name, arguments } => json!({
            "type": "tool_use", "id": wire_id(id), "name": name, "input": as_object(arguments),
        }),
        Part::ToolResult { id, content, is_error } => json!({
            "type": "tool_result", "tool_use_id": wire_id(id), "content": content,
            "is_error": is_error,
        }),
    })
}

/// Ids of calls that another provider made may hold characters that this wire refuses.
fn wire_id(id: &str) -> String {
    id.replace(|char: char| !char.is_ascii_alphanumeric() && char != '-', "_")
}

/// Reads the events of an answer.
pub(super) struct Messages {
    provider: Arc<Provider>,
    /// Tool calls under way, by the index of their content block.
    calls: BTreeMap<u64, Gathering>,
    calls_seen: usize,
    usage: Usage,
    stop: Option<StopReason>,
    ended: bool,
}

impl Messages {
    pub fn new(provider: Arc<Provider>) -> Messages {
        Messages {
            provider,
            calls: BTreeMap::new(),
            calls_seen: 0,
            usage: Usage::default(),
            stop: None,
            ended: false,
        }
    }

    fn block_start(&mut self, event: &Value, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        let block = &event["content_block"];
        match block["type"].as_str() {
            Some("text") => push_text(&block["text"], deltas),
            Some("tool_use") => {
                self.calls_seen += 1;
                if self.calls_seen > CALLS_MAX {
                    return Err(Failure::last(self.provider.malformed("too many tool calls")));
                }
                let word = |name: &str| block[name].as_str().unwrap_or_default();
                let mut call = Gathering::new(word("id"), word("name"));
                if block["input"].as_object().is_some_and(|input| !input.is_empty()) {
                    call.set(&block["input"]);
                }
                self.calls.insert(index(event), call);
            }
            _ => {}
        }
        Ok(())
    }

    fn block_delta(&mut self, event: &Value, deltas: &mut Vec<Delta>) {
        let delta = &event["delta"];
        match delta["type"].as_str() {
            Some("text_delta") => push_text(&delta["text"], deltas),
            Some("input_json_delta") => {
                if let Some(call) = self.calls.get_mut(&index(event)) {
                    call.add(delta["partial_json"].as_str().unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    /// Each number is a total; one that isn't told again stays.
    fn usage(&mut self, told: &Value) -> Option<Delta> {
        let told = told.as_object().filter(|told| !told.is_empty())?;
        let number = |name: &str| told.get(name).and_then(Value::as_u64);
        let uncached =
            self.usage.input_tokens - self.usage.cached_tokens - self.usage.cache_write_tokens;
        let uncached = number("input_tokens").unwrap_or(uncached);
        self.usage.cached_tokens =
            number("cache_read_input_tokens").unwrap_or(self.usage.cached_tokens);
        self.usage.cache_write_tokens =
            number("cache_creation_input_tokens").unwrap_or(self.usage.cache_write_tokens);
        self.usage.output_tokens = number("output_tokens").unwrap_or(self.usage.output_tokens);
        self.usage.input_tokens = uncached
            .saturating_add(self.usage.cached_tokens)
            .saturating_add(self.usage.cache_write_tokens);
        Some(Delta::Usage(self.usage))
    }
}

impl Reader for Messages {
    fn read(&mut self, event: &Event, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        let event = answer::json(&self.provider, event)?;
        match event["type"].as_str() {
            Some("message_start") => deltas.extend(self.usage(&event["message"]["usage"])),
            Some("content_block_start") => self.block_start(&event, deltas)?,
            Some("content_block_delta") => self.block_delta(&event, deltas),
            Some("content_block_stop") => {
                if let Some(call) = self.calls.remove(&index(&event)) {
                    deltas.push(Delta::ToolCall(call.close()));
                }
            }
            Some("message_delta") => {
                deltas.extend(self.usage(&event["usage"]));
                self.stop = event["delta"]["stop_reason"].as_str().map(stop_reason).or(self.stop);
            }
            Some("message_stop") => self.ended = true,
            // Pings, and what the wire may grow.
            _ => {}
        }
        Ok(())
    }

    fn whole(&self) -> Option<StopReason> {
        self.stop.or(self.ended.then_some(StopReason::EndTurn))
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn close(&mut self, deltas: &mut Vec<Delta>) {
        let calls = std::mem::take(&mut self.calls);
        deltas.extend(calls.into_values().map(|call| Delta::ToolCall(call.close())));
    }
}

fn index(event: &Value) -> u64 {
    event["index"].as_u64().unwrap_or_default()
}

fn push_text(text: &Value, deltas: &mut Vec<Delta>) {
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        deltas.push(Delta::Text(text.to_owned()));
    }
}

fn stop_reason(word: &str) -> StopReason {
    match word {
        "tool_use" => StopReason::ToolUse,
        "max_tokens" | "model_context_window_exceeded" => StopReason::OutputLimit,
        "refusal" => StopReason::Refused,
        _ => StopReason::EndTurn,
    }
}
