-- Rows of people's own data as they were before a change, so that it can be taken back.
create table changes (
    key integer primary key,
    id text not null unique,
    user_id text not null references users (id) on delete cascade,
    call_id text,                                 -- the tool call that made it; null: a person
    place text not null,                          -- the table
    row_key text not null check (json_valid(row_key)),
    action text not null,                         -- as in the ledger: 'notes.update'
    target text not null,                         -- as in the ledger
    before text check (json_valid(before)),       -- null: the row was not there
    after text,                                   -- SHA-256 of what it became; null: it went
    made_at integer not null,
    undone_at integer
) strict;
create index changes_user on changes (user_id, key desc);
create index changes_call on changes (call_id) where call_id is not null;
create index changes_made on changes (made_at);
