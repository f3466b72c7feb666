-- The call that made it and whose card switches it on; null: none does, or any more.
alter table tasks add column card_call_id text;
create index tasks_card on tasks (card_call_id) where card_call_id is not null;

-- A person said yes to these words of somebody else's, with what they were shown to ask for.
alter table tasks add column approved integer not null default 0 check (approved in (0, 1));
