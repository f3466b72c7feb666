-- A trigger that went with its agent, until that can be undone no more.
alter table triggers add column deleted_at integer;
create index triggers_deleted on triggers (deleted_at) where deleted_at is not null;
