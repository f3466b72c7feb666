-- Agents, conversations, runs and their history.
create table agents (
    id text primary key not null,
    name text not null unique check (length(name) between 1 and 100),
    prompt text not null default '',
    prompt_mode text not null default 'combined'
        check (prompt_mode in ('combined', 'agent_only', 'system_only')),
    model text,                                   -- null: the default model
    allowed_tools text not null default '[]' check (json_valid(allowed_tools)),
    max_tool_calls integer,
    daily_spend_usd_micros integer,
    state text not null default 'active' check (state in ('active', 'paused', 'stopped', 'error')),
    created_at integer not null
) strict;

create table conversations (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    agent_id text not null references agents (id),
    channel text not null
        check (channel in ('web', 'telegram', 'email', 'api', 'cli', 'discord', 'slack')),
    title text not null default '',
    title_by text not null default '' check (title_by in ('', 'first_words', 'owner')),
    model text,                                   -- null: the agent's
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer
) strict;
create index conversations_recent on conversations (user_id, updated_at desc) where deleted_at is null;

create table runs (
    id text primary key not null,
    agent_id text not null references agents (id),
    conversation_id text not null references conversations (id) on delete cascade,
    trigger text not null check (json_valid(trigger)),
    headless integer not null check (headless in (0, 1)),
    model text,                                   -- null: the conversation's
    max_tool_calls integer,
    state text not null check (state in
        ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'interrupted')),
    error text,
    error_code text,
    queued_at integer not null,
    started_at integer,
    ended_at integer
) strict;
create index runs_open on runs (state, queued_at) where state in ('queued', 'running', 'waiting');
create index runs_conversation on runs (conversation_id, queued_at);

create table messages (
    seq integer primary key,
    id text not null unique,
    conversation_id text not null references conversations (id) on delete cascade,
    run_id text references runs (id),
    role text not null check (role in ('user', 'assistant', 'notice')),
    text text not null,
    label text not null check (json_valid(label)),
    created_at integer not null
) strict;
create index messages_conversation on messages (conversation_id, seq);

create virtual table messages_text using fts5 (
    text, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2');
create trigger messages_text_insert after insert on messages begin
    insert into messages_text (rowid, text) values (new.seq, new.text);
end;
create trigger messages_text_delete after delete on messages begin
    insert into messages_text (messages_text, rowid, text) values ('delete', old.seq, old.text);
end;

create table attachments (
    id integer primary key,
    message_id text not null references messages (id) on delete cascade,
    name text not null,
    media_type text not null,
    bytes blob not null,
    text text                                     -- what could be read from it, for the model
) strict;
create index attachments_message on attachments (message_id);

create table tool_calls (
    id text primary key not null,
    run_id text not null references runs (id) on delete cascade,
    message_id text not null references messages (id) on delete cascade,
    position integer not null,
    wire_id text not null,                        -- the provider's id of the call
    tool text not null,
    arguments text not null check (json_valid(arguments)),
    arguments_error text,                         -- set when the model's JSON could not be read
    state text not null check (state in
        ('proposed', 'waiting', 'approved', 'denied', 'executing', 'done', 'failed', 'unknown')),
    verdict text,                                 -- the guard's sentence
    result text,
    result_label text check (result_label is null or json_valid(result_label)),
    cleared integer not null default 0 check (cleared in (0, 1)),  -- compacted out of the context
    proposed_at integer not null,
    started_at integer,
    ended_at integer,
    unique (message_id, position)
) strict;
create index tool_calls_run on tool_calls (run_id);

-- A conversation's history as the page, the socket and programs read it. `seq` is a position: a
-- text takes as many as it has bytes, anything else takes one.
create table events (
    conversation_id text not null references conversations (id) on delete cascade,
    seq integer not null,
    run_id text,
    body text not null check (json_valid(body)),
    created_at integer not null,
    primary key (conversation_id, seq)
) strict, without rowid;

-- Where the model's view of a conversation begins: what came before stands in the summary.
create table context_windows (
    id integer primary key,
    conversation_id text not null references conversations (id) on delete cascade,
    after_seq integer not null,                   -- messages.seq of the last message summarised
    summary text not null,
    label text not null check (json_valid(label)),
    created_at integer not null
) strict;
create index context_windows_conversation on context_windows (conversation_id, id);

-- One row a model call: the spend ledger.
create table model_calls (
    id integer primary key,
    run_id text references runs (id) on delete set null,
    agent_id text,
    model text not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cached_tokens integer not null,
    cost_usd_micros integer,                      -- null: the price is not known
    duration_ms integer not null,
    outcome text not null,                        -- 'ok', or the kind of error
    created_at integer not null
) strict;
create index model_calls_when on model_calls (created_at);
create index model_calls_agent on model_calls (agent_id, created_at);
