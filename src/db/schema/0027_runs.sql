-- Past runs as their owner looks back at them: newest first, however many there are.
alter table runs add column user_id text;         -- whose conversation it is in
update runs set user_id =
    (select user_id from conversations where conversations.id = runs.conversation_id);
create index runs_user on runs (user_id, queued_at);
create index runs_user_state on runs (user_id, state, queued_at);
create index runs_user_agent on runs (user_id, agent_id, queued_at);
create index runs_user_agent_state on runs (user_id, agent_id, state, queued_at);
create index runs_task on runs (json_extract(trigger, '$.task_id'), queued_at)
    where json_extract(trigger, '$.task_id') is not null;
create index runs_task_state on runs (json_extract(trigger, '$.task_id'), state, queued_at)
    where json_extract(trigger, '$.task_id') is not null;

-- What a run has still to do: its model writes it down, and its owner may change it.
create table checklist_items (
    run_id text not null references runs (id) on delete cascade,
    n integer not null check (n > 0),             -- its number, which it keeps
    text text not null check (length(text) between 1 and 500),
    done integer not null check (done in (0, 1)),
    written_by text not null check (written_by in ('model', 'owner')),
    updated_at integer not null,
    primary key (run_id, n)
) strict, without rowid;

-- How good a run was, to its owner.
create table run_feedback (
    id integer primary key,
    run_id text not null references runs (id) on delete cascade,
    rating integer not null check (rating between 1 and 5),
    comment text not null check (length(comment) <= 2000),
    given_by text not null,                       -- a name to read
    created_at integer not null
) strict;
create index run_feedback_run on run_feedback (run_id, id);
