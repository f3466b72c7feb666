-- What a run's owner asked for, written down before text from outside could have a say in it.
create table intents (
    run_id text primary key not null references runs (id) on delete cascade,
    slots text not null check (json_valid(slots)),
    made_by text not null,                        -- 'builtin:commands', the model that read the words
    created_at integer not null
) strict, without rowid;

-- Denied without asking: nobody had asked for it.
alter table tool_calls add column blocked integer not null default 0 check (blocked in (0, 1));
