// A tool server that speaks over pipes, served over HTTP: `node mcp_bridge.mjs PROGRAM ARGS…`.
// Each session gets a process of its own; messages pass through as they are.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const [command, ...args] = process.argv.slice(2);
const sessions = new Map();

async function session() {
  const pipes = new StdioClientTransport({ command, args, stderr: "ignore" });
  const http = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, http),
  });
  http.onmessage = (message) => pipes.send(message);
  pipes.onmessage = (message) => http.send(message, { relatedRequestId: message.id });
  http.onclose = () => { sessions.delete(http.sessionId); pipes.close(); };
  await pipes.start();
  await http.start();
  return http;
}

const server = createServer(async (request, response) => {
  const known = sessions.get(request.headers["mcp-session-id"]);
  await (known ?? await session()).handleRequest(request, response);
});
server.listen(0, "127.0.0.1", () => console.error(`listening ${server.address().port}`));
