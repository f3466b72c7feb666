// A real, very small language model behind the OpenAI chat-completions wire, on
// loopback only. It is for plumbing: that real tokens stream from a real model to
// the page. It is too small to judge answers or tool calls by, so `tools` is
// accepted and not shown to it.
//
//   node small_model.mjs --model FILE.gguf [--port 0]
//
// Prints one line, `ready PORT`, when it can answer.

import http from "node:http";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { getLlama, LlamaChat, LlamaLogLevel } from "node-llama-cpp";

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const CONTEXT_TOKENS = 8192;
const ANSWER_TOKENS_MAX = 96;
const MODEL_ID = "smollm2-135m-instruct";

const { values: flags } = parseArgs({
  options: { model: { type: "string" }, port: { type: "string", default: "0" } },
});
if (!flags.model) {
  console.error("Say which model file to load: --model FILE.gguf");
  process.exit(2);
}

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: flags.model });
// One thread: the cores are shared with the daemon, the browser and the tests.
const context = await model.createContext({ contextSize: CONTEXT_TOKENS, threads: { ideal: 1, min: 1 } });
const sequence = context.getSequence();

// One sequence, so one answer at a time: the others wait their turn.
let turn = Promise.resolve();
function inTurn(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

class Refused extends Error {
  constructor(status, type, message) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (response.headersSent) return response.destroy();
    const refused = error instanceof Refused;
    sendJson(response, refused ? error.status : 500, {
      error: { message: error.message, type: refused ? error.type : "server_error", code: null, param: null },
    });
  });
});
server.listen(Number(flags.port), "127.0.0.1", () => console.log(`ready ${server.address().port}`));

async function answer(request, response) {
  const path = new URL(request.url, "http://loopback").pathname;
  if (request.method === "GET" && path === "/v1/models") {
    return sendJson(response, 200, {
      object: "list",
      data: [{ id: MODEL_ID, object: "model", created: 0, owned_by: "loopback" }],
    });
  }
  if (request.method !== "POST" || path !== "/v1/chat/completions") {
    throw new Refused(404, "invalid_request_error", `There is no ${request.method} ${path} here.`);
  }
  const call = readCall(await readBody(request));
  await inTurn(() => complete(call, request, response));
}

async function readBody(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Refused(413, "invalid_request_error", "The request is too large.");
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new Refused(400, "invalid_request_error", "The body is not JSON.");
  }
}

function readCall(body) {
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw new Refused(400, "invalid_request_error", "`messages` must be a list that is not empty.");
  }
  const history = [];
  for (const message of body.messages) {
    const text = plainText(message.content);
    if (message.role === "system" || message.role === "developer") history.push({ type: "system", text });
    else if (message.role === "assistant") history.push({ type: "model", response: text ? [text] : [] });
    else history.push({ type: "user", text });
  }
  // The chat template wants the model's own turn to be the open last one.
  if (history.at(-1).type !== "model") history.push({ type: "model", response: [] });
  const wanted = body.max_completion_tokens ?? body.max_tokens ?? ANSWER_TOKENS_MAX;
  return {
    history,
    stream: body.stream === true,
    usage: body.stream_options?.include_usage === true,
    tokensMax: Math.min(Math.max(1, wanted), ANSWER_TOKENS_MAX),
  };
}

function plainText(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.filter((part) => part.type === "text").map((part) => part.text).join("\n");
}

async function complete(call, request, response) {
  if (response.destroyed) return;
  const stopped = new AbortController();
  response.on("close", () => stopped.abort());
  const before = sequence.tokenMeter.getState();
  const id = `chatcmpl-${randomUUID()}`;
  const base = { id, created: 0, model: MODEL_ID };
  const frame = (choices, more = {}) =>
    response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices, ...more })}\n\n`);
  let text = "";
  const onTextChunk = (chunk) => {
    if (chunk === "") return;
    text += chunk;
    if (call.stream) frame([{ index: 0, delta: { content: chunk }, finish_reason: null }]);
  };
  if (call.stream) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
  }
  await sequence.clearHistory();
  const chat = new LlamaChat({ contextSequence: sequence });
  let metadata;
  try {
    ({ metadata } = await chat.generateResponse(call.history, {
      onTextChunk,
      maxTokens: call.tokensMax,
      temperature: 0,
      signal: stopped.signal,
      stopOnAbortSignal: true,
    }));
  } finally {
    chat.dispose({ disposeSequence: false });
  }
  if (stopped.signal.aborted) return;
  const spent = sequence.tokenMeter.diff(before);
  const usage = {
    prompt_tokens: spent.usedInputTokens,
    completion_tokens: spent.usedOutputTokens,
    total_tokens: spent.usedInputTokens + spent.usedOutputTokens,
  };
  const finish_reason = metadata.stopReason === "maxTokens" ? "length" : "stop";
  if (!call.stream) {
    const message = { role: "assistant", content: text };
    return sendJson(response, 200, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason }],
      usage,
    });
  }
  frame([{ index: 0, delta: {}, finish_reason }]);
  if (call.usage) frame([], { usage });
  response.end("data: [DONE]\n\n");
}

function sendJson(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
