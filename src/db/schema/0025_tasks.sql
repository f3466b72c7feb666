-- Jobs that a person has done at set times, and one row for each time that came.
create table tasks (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    name text not null check (length(name) between 1 and 100),
    prompt text not null check (length(prompt) between 1 and 20000),
    schedule text not null,
    zone text not null,
    model text,                                   -- null: the agent's
    allowed_tools text not null default '[]' check (json_valid(allowed_tools)),
    state text not null check (state in ('on', 'off', 'paused', 'finished')),
    why text not null default '',                 -- what paused or ended it
    start_at integer,
    end_at integer,
    max_runs integer check (max_runs > 0),
    missed text not null check (missed in ('skip', 'once', 'all')),
    overlap text not null check (overlap in ('skip', 'queue', 'cancel')),
    jitter_s integer not null default 0 check (jitter_s between 0 and 3600),
    budget_usd_micros integer check (budget_usd_micros > 0),
    notify text not null check (notify in ('success', 'failure', 'always', 'never')),
    label text not null check (json_valid(label)),
    -- What the prompt asks for, read when it was saved; null: not read yet.
    intent text check (intent is null or json_valid(intent)),
    intent_by text,
    intent_tried integer not null default 0 check (intent_tried in (0, 1)),
    failures integer not null default 0,          -- in a row
    runs integer not null default 0,              -- of slots
    anchor_at integer not null,                   -- what intervals are counted from
    next_slot_at integer,                         -- the first slot without a row; null: none to come
    next_fire_at integer,                         -- the same, with its jitter
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer
) strict;
create index tasks_due on tasks (next_fire_at) where state = 'on' and deleted_at is null;
create index tasks_user on tasks (user_id, name) where deleted_at is null;

create table executions (
    id text primary key not null,
    task_id text not null references tasks (id) on delete cascade,
    kind text not null check (kind in ('slot', 'manual', 'dry')),
    slot_at integer,                              -- null: not by the schedule
    -- The last slot of a stretch that was missed as a whole; null: this row is one slot.
    until_at integer,
    state text not null check (state in ('due', 'started', 'done', 'failed', 'skipped', 'cancelled')),
    reason text not null default '',
    missed integer not null default 0 check (missed in (0, 1)),
    run_id text references runs (id) on delete set null,
    conversation_id text references conversations (id) on delete set null,
    created_at integer not null,
    started_at integer,
    ended_at integer,
    check ((kind = 'slot') = (slot_at is not null)),
    unique (task_id, slot_at)
) strict;
create index executions_task on executions (task_id, coalesce(slot_at, created_at) desc, id desc);
create index executions_state on executions (state, task_id);
create index executions_started on executions (started_at) where started_at is not null;
create index executions_run on executions (run_id) where run_id is not null;

-- Where a calendar reads when tasks are due; the address is the key, and only its hash is kept.
create table calendar_feeds (
    user_id text primary key not null references users (id) on delete cascade,
    secret_hash blob not null unique,
    created_at integer not null
) strict, without rowid;

-- How far the scheduler has seen the clock go, so that one that is set back is noticed.
create table schedule_clock (
    id integer primary key check (id = 1),
    seen_at integer not null
) strict;

-- A run of a task: narrowed to its tools, within its budget, without effects when it is a rehearsal.
alter table runs add column allowed_tools text check (allowed_tools is null or json_valid(allowed_tools));
alter table runs add column budget_usd_micros integer;
alter table runs add column dry integer not null default 0 check (dry in (0, 1));
alter table conversations add column task_id text;
create index model_calls_run on model_calls (run_id) where run_id is not null;
