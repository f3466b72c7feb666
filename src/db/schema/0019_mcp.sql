-- Servers of foreign tools (MCP) and the tools that they offer.
create table mcp_servers (
    id text primary key not null,
    name text not null unique check (length(name) between 1 and 24),
    transport text not null check (transport in ('stdio', 'http')),
    command text,                                 -- stdio: the program
    args text not null default '[]' check (json_valid(args)),
    url text,                                     -- http
    given text not null default '[]' check (json_valid(given)),  -- environment or headers; secrets by name
    enabled integer not null check (enabled in (0, 1)),
    state text not null check (state in ('off', 'waiting', 'connected', 'failed')),
    error text,                                   -- one sentence
    note text,                                    -- what was left out of its list of tools
    tries integer not null default 0,             -- in a row without a lasting connection
    retry_at integer,
    protocol text not null default '',
    software text not null default '',            -- outside text, cleaned
    created_at integer not null,
    connected_at integer,
    listed_at integer,
    check ((transport = 'stdio') = (command is not null)),
    check ((transport = 'http') = (url is not null))
) strict;

create table mcp_tools (
    server_id text not null references mcp_servers (id) on delete cascade,
    tool text not null,                           -- as the server names it
    name text unique,                             -- as models know it; null: it can't be used
    title text not null,                          -- these three: outside text, cleaned
    description text not null,
    schema text not null check (json_valid(schema)),
    reads_only integer check (reads_only in (0, 1)),  -- the server's advice
    destroys integer check (destroys in (0, 1)),
    refused text,                                 -- why it can't be used
    hash blob not null check (length(hash) = 32), -- of all that a model is shown
    accepted_hash blob check (length(accepted_hash) = 32),
    accepted_description text,
    accepted_schema text check (accepted_schema is null or json_valid(accepted_schema)),
    accepted_at integer,
    changed_at integer,                           -- set: off until a person looks
    effect text check (effect in ('read', 'send', 'execute')),  -- null: nobody declared it
    destructive integer not null default 0 check (destructive in (0, 1)),
    roles text not null default '{}' check (json_valid(roles)),
    enabled integer not null default 1 check (enabled in (0, 1)),
    listed integer not null check (listed in (0, 1)),  -- the server still offers it
    primary key (server_id, tool)
) strict;
