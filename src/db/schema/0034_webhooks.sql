-- Rules that wake an agent when something happens elsewhere, and what came of each time it did.
create table triggers (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    agent_id text not null references agents (id),
    kind text not null check (kind in ('webhook', 'page', 'feed')),
    name text not null check (length(name) between 1 and 100),
    prompt text not null check (length(prompt) between 1 and 20000),
    model text,                                   -- null: the agent's
    allowed_tools text not null default '[]' check (json_valid(allowed_tools)),
    state text not null check (state in ('on', 'off', 'paused')),
    why text not null default '',                 -- what paused it
    label text not null check (json_valid(label)),
    -- What the prompt asks for, read when it was saved; null: not read yet.
    intent text check (intent is null or json_valid(intent)),
    intent_by text,
    intent_tried integer not null default 0 check (intent_tried in (0, 1)),
    failures integer not null default 0,          -- in a row
    created_at integer not null,
    updated_at integer not null
) strict;
create index triggers_user on triggers (user_id, kind, name);
create index triggers_agent on triggers (agent_id);
create index triggers_unread on triggers (updated_at) where intent_tried = 0;

-- How a program that calls proves who it is; the secret itself is in the vault.
create table webhooks (
    trigger_id text primary key not null references triggers (id) on delete cascade,
    auth text not null check (auth in ('shared_secret', 'github', 'standard'))
) strict, without rowid;

-- One row for each time that was let in.
create table deliveries (
    id text primary key not null,
    trigger_id text not null references triggers (id) on delete cascade,
    event_id text,                                -- what its sender calls it; null: nothing
    state text not null check (state in ('due', 'started', 'done', 'failed', 'skipped', 'cancelled')),
    reason text not null default '',
    bytes integer not null,
    conversation_id text references conversations (id) on delete set null,
    message_id text,                              -- the owner's words in it
    run_id text references runs (id) on delete set null,
    received_at integer not null,
    started_at integer,
    ended_at integer,
    unique (trigger_id, event_id)
) strict;
create index deliveries_trigger on deliveries (trigger_id, received_at desc, id desc);
create index deliveries_due on deliveries (received_at, id) where state = 'due';
create index deliveries_run on deliveries (run_id) where run_id is not null;

-- What was not let in, counted.
create table trigger_refusals (
    trigger_id text not null references triggers (id) on delete cascade,
    reason text not null,
    count integer not null,
    last_at integer not null,
    primary key (trigger_id, reason)
) strict, without rowid;

-- Whose run it is, as `task_id` says it of a task's.
alter table conversations add column trigger_id text;
create index runs_delivered on runs (queued_at)
    where json_extract(trigger, '$.delivery_id') is not null;
