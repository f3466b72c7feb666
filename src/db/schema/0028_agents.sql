-- Agents as their owner makes them; the assistant is one of them.
alter table agents add column label text check (label is null or json_valid(label));  -- of the prompt
alter table agents add column why text not null default '';          -- what stopped it; else ''
alter table agents add column failures integer not null default 0;   -- of its runs, in a row
alter table agents add column balance_tokens integer;                -- what is left; null: no budget
alter table agents add column balance_usd_micros integer;
alter table agents add column metadata text not null default '{}' check (json_valid(metadata));
alter table agents add column revision integer not null default 1;
alter table agents add column deleted_at integer;
create index runs_agent on runs (agent_id, queued_at desc);

-- What an agent was told, each time it was changed.
create table agent_prompts (
    agent_id text not null references agents (id) on delete cascade,
    version integer not null,
    prompt text not null,
    made_by text not null,
    created_at integer not null,
    primary key (agent_id, version)
) strict, without rowid;

-- Null: the assistant, narrowed to the task's own tools.
alter table tasks add column agent_id text references agents (id);
-- The schedule that stands on the agent's own page; its words are the agent's prompt.
alter table tasks add column of_agent integer not null default 0 check (of_agent in (0, 1));
create unique index tasks_of_agent on tasks (agent_id) where of_agent = 1 and deleted_at is null;
