-- Where a tool's answers list the owner's own things: {"argument", "value", "name"}; null: they do not.
alter table mcp_tools add column lists text not null default 'null' check (json_valid(lists));
