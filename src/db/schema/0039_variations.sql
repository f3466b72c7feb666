-- Variations of an agent: other words or another model for some of its runs.
create table variations (
    id text primary key not null,
    agent_id text not null references agents (id) on delete cascade,
    name text not null check (length(name) between 1 and 100),
    weight integer not null check (weight between 0 and 1000),  -- 0: only by name
    enabled integer not null check (enabled in (0, 1)),
    version integer not null check (version > 0),               -- of its texts, for runs that begin now
    created_at integer not null,
    deleted_at integer
) strict;
create index variations_agent on variations (agent_id) where deleted_at is null;

-- What a variation said at some time. A run keeps what it began with.
create table variation_texts (
    variation_id text not null references variations (id) on delete cascade,
    version integer not null check (version > 0),
    prompt text,                                  -- null: the agent's
    model text,                                   -- null: the agent's
    label text not null check (json_valid(label)),  -- of the prompt
    made_by text not null,
    created_at integer not null,
    primary key (variation_id, version)
) strict, without rowid;

-- Whose runs are always of a variation.
create table variation_assignments (
    id text primary key not null,
    agent_id text not null references agents (id) on delete cascade,
    variation_id text not null references variations (id) on delete cascade,
    kind text not null check (kind in ('task', 'trigger', 'counterparty', 'user')),
    subject text not null,                        -- an id, or the counterparty's name
    created_at integer not null,
    unique (agent_id, kind, subject)
) strict;
create index variation_assignments_of on variation_assignments (variation_id);

-- The one that was asked for by name, and from the run's beginning on the one that it is.
alter table runs add column variation_id text references variations (id) on delete set null;
alter table runs add column variation_version integer;  -- null: it has not begun; 0: of none
update runs set variation_version = 0
    where state in ('queued', 'running', 'waiting') and started_at is not null;
create index runs_variation on runs (variation_id) where variation_id is not null;
