-- What the tool answers is secret: before any of it is sent, its owner is asked.
alter table mcp_tools add column secret integer not null default 0 check (secret in (0, 1));
