-- Who talks to an agent, as the one who passes the words on names them; '': the user themselves.
alter table conversations add column counterparty text not null default '';
create index conversations_counterparty on conversations (agent_id, user_id, counterparty)
    where deleted_at is null and task_id is null and trigger_id is null;
