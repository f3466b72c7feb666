//! OpenAI's chat completions wire: `POST {base_url}/chat/completions`, streamed.
//!
//! Shapes: platform.openai.com, "Chat completions" and its streaming chunks. Many servers speak it,
//! each a little differently; what is known of OpenRouter, Ollama, llama.cpp, vLLM, LM Studio,
//! Mistral and Gemini is tolerated here, and a test stands for each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{self, Reader};
use super::calls::{CALLS_MAX, Gathering, as_object, made_up_id};
use super::http::REASONING_FIELD;
use super::provider::Provider;
use super::retry::Failure;
use super::sse::Event;
use super::{Delta, Message, Part, Request, Role, StopReason, ToolSchema, Usage};

/// The body of a call; `reasoning` is false for a model that was seen to refuse it beside tools.
pub(super) fn body(provider: &Provider, model: &str, request: &Request, reasoning: bool) -> Value {
    let mut body = json!({
        "model": model,
        "stream": true,
        "stream_options": { "include_usage": true },
        "messages": messages(request),
    });
    body[limit_field(provider)] = request.output_tokens_max.into();
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
        if !request.may_call {
            body["tool_choice"] = "none".into();
        }
        if !reasoning {
            body[REASONING_FIELD] = "none".into();
        }
    }
    if wants_cache_marks(provider, model) {
        mark(&mut body["messages"], &request.system);
    }
    body
}

/// OpenAI's newer models refuse the field that every other server knows.
fn limit_field(provider: &Provider) -> &'static str {
    match provider.base_url.host_str() {
        Some(host) if host.ends_with("openai.com") || host.ends_with("openai.azure.com") => {
            "max_completion_tokens"
        }
        _ => "max_tokens",
    }
}

/// OpenRouter hands Anthropic's cache marks on; the other servers of this wire cache by themselves.
fn wants_cache_marks(provider: &Provider, model: &str) -> bool {
    provider.base_url.host_str() == Some("openrouter.ai") && model.starts_with("anthropic/")
}

/// Marks the unchanging part of the system prompt and the end of the last message of the user.
fn mark(messages: &mut Value, stable: &str) {
    let marked = |text: &str| json!({ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } });
    let Some(messages) = messages.as_array_mut() else { return };
    if let Some(system) = messages.first_mut().filter(|message| message["role"] == "system") {
        let text = system["content"].as_str().unwrap_or_default();
        if let Some(tail) = text.strip_prefix(stable).filter(|_| !stable.is_empty()) {
            let mut parts = vec![marked(stable)];
            if !tail.is_empty() {
                parts.push(json!({ "type": "text", "text": tail.trim_start() }));
            }
            system["content"] = parts.into();
        }
    }
    let last = messages.iter_mut().rev().find(|message| message["role"] == "user");
    if let Some(message) = last
        && let Some(text) = message["content"].as_str()
    {
        message["content"] = vec![marked(text)].into();
    }
}

fn tool(schema: &ToolSchema) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": schema.name,
            "description": schema.description,
            "parameters": schema.parameters,
        },
    })
}

fn messages(request: &Request) -> Vec<Value> {
    let mut wire = Vec::new();
    // One system message: templates of local models refuse a second one.
    let texts = [&*request.system, &*request.system_tail];
    let system = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
    if !system.is_empty() {
        wire.push(json!({ "role": "system", "content": system }));
    }
    for message in &request.messages {
        match message.role {
            Role::User => user(message, &mut wire),
            Role::Assistant => wire.extend(assistant(message)),
        }
    }
    wire
}

/// Results are messages of their own here, and come before what the user says with them.
fn user(message: &Message, wire: &mut Vec<Value>) {
    let mut content = Vec::new();
    let mut only_text = true;
    for part in &message.parts {
        match part {
            Part::Text(text) | Part::Owner(text) | Part::Asked(text) if text.is_empty() => {}
            Part::Text(text) | Part::Owner(text) | Part::Asked(text) => {
                content.push(json!({ "type": "text", "text": text }));
            }
            Part::Image { media_type, data } => {
                only_text = false;
                let url = format!("data:{media_type};base64,{data}");
                content.push(json!({ "type": "image_url", "image_url": { "url": url } }));
            }
            Part::ToolResult { id, content, .. } => {
                wire.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
            }
            Part::ToolCall { .. } => {}
        }
    }
    if only_text {
        // Servers of text models know content as a string only.
        let text = texts(&message.parts);
        if !text.is_empty() {
            wire.push(json!({ "role": "user", "content": text }));
        }
    } else {
        wire.push(json!({ "role": "user", "content": content }));
    }
}

fn assistant(message: &Message) -> Option<Value> {
    let text = texts(&message.parts);
    let calls: Vec<Value> = message
        .parts
        .iter()
        .filter_map(|part| {
            let Part::ToolCall { id, name, arguments } = part else { return None };
            let arguments = as_object(arguments).to_string();
            let function = json!({ "name": name, "arguments": arguments });
            Some(json!({ "id": id, "type": "function", "function": function }))
        })
        .collect();
    match (text.is_empty(), calls.is_empty()) {
        (true, true) => None,
        (_, true) => Some(json!({ "role": "assistant", "content": text })),
        (true, _) => Some(json!({ "role": "assistant", "content": null, "tool_calls": calls })),
        _ => Some(json!({ "role": "assistant", "content": text, "tool_calls": calls })),
    }
}

fn texts(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Owner(text) | Part::Asked(text) if !text.is_empty() => {
            Some(text.as_str())
        }
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Reads the chunks of an answer.
pub(super) struct Completion {
    provider: Arc<Provider>,
    calls: Vec<(Option<u64>, Gathering)>,
    refused: bool,
    stop: Option<StopReason>,
    ended: bool,
}

impl Completion {
    pub fn new(provider: Arc<Provider>) -> Completion {
        Completion { provider, calls: Vec::new(), refused: false, stop: None, ended: false }
    }

    fn choice(&mut self, choice: &Value, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        // A server that was asked to stream and doesn't sends a message, not a delta.
        let delta = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
        push_content(&delta["content"], deltas);
        if let Some(refusal) = delta["refusal"].as_str().filter(|text| !text.is_empty()) {
            self.refused = true;
            deltas.push(Delta::Text(refusal.to_owned()));
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call)?;
        }
        if let Some(word) = choice["finish_reason"].as_str().filter(|word| !word.is_empty()) {
            self.stop = Some(stop_reason(word));
        }
        Ok(())
    }

    /// Adds a piece to the call it belongs to: by index where that is told, else by id, else to the
    /// last one. Some servers give every parallel call the index 0, so a new id is a new call, and
    /// so is a name after a call that is complete.
    fn call(&mut self, piece: &Value) -> Result<(), Failure> {
        let index = piece["index"].as_u64();
        let id = piece["id"].as_str().unwrap_or_default();
        let name = piece["function"]["name"].as_str().unwrap_or_default();
        let same = |(at, call): &(Option<u64>, Gathering)| match (index, id, call.id.as_str()) {
            (Some(_), _, _) if *at != index => false,
            (_, "", _) if name.is_empty() => true,
            (_, "", _) => index.is_some() && !call.complete(),
            (Some(_), _, "") => name.is_empty() || call.name == name,
            (_, new, known) => new == known,
        };
        let position = match self.calls.iter().rposition(same) {
            Some(position) => position,
            None if self.calls.len() >= CALLS_MAX => {
                return Err(Failure::last(self.provider.malformed("too many tool calls")));
            }
            None => {
                self.calls.push((index, Gathering::new(id, name)));
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[position].1;
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        match &piece["function"]["arguments"] {
            Value::Null => {}
            Value::String(text) => call.add(text),
            other => call.set(other),
        }
        Ok(())
    }
}

impl Reader for Completion {
    fn read(&mut self, event: &Event, deltas: &mut Vec<Delta>) -> Result<(), Failure> {
        if event.data.trim() == "[DONE]" {
            self.ended = true;
            return Ok(());
        }
        let chunk = answer::json(&self.provider, event)?;
        if let Some(choice) = chunk["choices"].as_array().and_then(|choices| choices.first()) {
            self.choice(choice, deltas)?;
        }
        deltas.extend(usage(&chunk["usage"]).map(Delta::Usage));
        Ok(())
    }

    fn whole(&self) -> Option<StopReason> {
        match self.stop {
            _ if self.refused && (self.stop.is_some() || self.ended) => Some(StopReason::Refused),
            // Some servers say "stop" after tool calls too, and some end without a reason.
            Some(StopReason::EndTurn) if !self.calls.is_empty() => Some(StopReason::ToolUse),
            None if self.ended && !self.calls.is_empty() => Some(StopReason::ToolUse),
            None if self.ended => Some(StopReason::EndTurn),
            stop => stop,
        }
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn close(&mut self, deltas: &mut Vec<Delta>) {
        let mut taken: Vec<String> = Vec::new();
        for (_, mut call) in std::mem::take(&mut self.calls) {
            if taken.contains(&call.id) {
                call.id = made_up_id();
            }
            taken.push(call.id.clone());
            deltas.push(Delta::ToolCall(call.close()));
        }
    }
}

/// Text, or (Mistral) a list of parts of which the text ones count.
fn push_content(content: &Value, deltas: &mut Vec<Delta>) {
    let parts = content.as_array().into_iter().flatten();
    let texts = parts.filter_map(|part| part["text"].as_str()).chain(content.as_str());
    let texts = texts.filter(|text| !text.is_empty());
    deltas.extend(texts.map(|text| Delta::Text(text.to_owned())));
}

fn usage(told: &Value) -> Option<Usage> {
    let number = |value: &Value| value.as_u64();
    let details = &told["prompt_tokens_details"];
    Some(Usage {
        input_tokens: number(&told["prompt_tokens"])?,
        output_tokens: number(&told["completion_tokens"]).unwrap_or_default(),
        cached_tokens: number(&details["cached_tokens"])
            .or_else(|| number(&told["prompt_cache_hit_tokens"]))
            .unwrap_or_default(),
        cache_write_tokens: number(&details["cache_write_tokens"]).unwrap_or_default(),
    })
}

fn stop_reason(word: &str) -> StopReason {
    match word {
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "length" => StopReason::OutputLimit,
        "content_filter" => StopReason::Refused,
        _ => StopReason::EndTurn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(base_url: &str, model: &str) -> Value {
        let base_url = base_url.parse().unwrap();
        let provider =
            Provider { name: "p".into(), kind: super::super::Kind::OpenAi, base_url, key: None };
        let text = Part::Text("Hello".to_owned());
        let request = Request {
            system: "Be brief.".into(),
            system_tail: "It is Monday.".to_owned(),
            messages: vec![Message { role: Role::User, parts: vec![text] }],
            tools: [].into(),
            may_call: true,
            output_tokens_max: 9,
            now: jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
            agents: [].into(),
        };
        body(&provider, model, &request, true)
    }

    #[test]
    fn openai_itself_gets_the_newer_name_of_the_limit() {
        let openai = asked("https://api.openai.com/v1", "m");
        assert_eq!(
            (&openai["max_completion_tokens"], &openai["max_tokens"]),
            (&json!(9), &json!(null))
        );
        let local = asked("http://localhost:11434/v1", "m");
        assert_eq!(
            (&local["max_completion_tokens"], &local["max_tokens"]),
            (&json!(null), &json!(9))
        );
    }

    #[test]
    fn claude_behind_openrouter_gets_cache_marks() {
        let messages = asked("https://openrouter.ai/api/v1", "anthropic/claude-sonnet-5.5");
        insta::assert_snapshot!(messages["messages"], @r#"[{"content":[{"cache_control":{"type":"ephemeral"},"text":"Be brief.","type":"text"},{"text":"It is Monday.","type":"text"}],"role":"system"},{"content":[{"cache_control":{"type":"ephemeral"},"text":"Hello","type":"text"}],"role":"user"}]"#);
        let other = asked("https://openrouter.ai/api/v1", "vendor/other");
        assert_eq!(other["messages"][0]["content"], "Be brief.\n\nIt is Monday.");
    }
}
