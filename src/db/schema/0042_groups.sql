-- Calls of one turn that wait together are one card: the id of the first that was asked.
alter table approvals add column group_id text not null default '';
update approvals set group_id = id;
create index approvals_group on approvals (group_id);

-- When the owner was told that it waits.
alter table approvals add column told_at integer;
update approvals set told_at = created_at;
