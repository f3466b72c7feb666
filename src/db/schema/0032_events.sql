-- Rows as long as a message do not belong into the tree that is searched by conversation: to compare
-- one, all of it is read. So the rows stand in the order in which they came, with an index beside.
create table events_in_order (
    conversation_id text not null references conversations (id) on delete cascade,
    seq integer not null,
    run_id text,
    body text not null check (json_valid(body)),
    created_at integer not null,
    primary key (conversation_id, seq)
) strict;
insert into events_in_order select * from events order by created_at, conversation_id, seq;
drop table events;
alter table events_in_order rename to events;
