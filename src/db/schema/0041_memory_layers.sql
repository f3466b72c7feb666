-- Memory layers: what agents are to remember, under keys. An agent names a stack of them.
create table memory_layers (
    id text primary key not null,
    name text not null unique collate nocase check (length(name) between 1 and 100),
    description text not null default '',
    system integer not null default 0 check (system in (0, 1)),  -- the program fills it
    created_at integer not null
) strict;
insert into memory_layers (id, name, description, system, created_at)
    values ('00000000-0000-7000-8000-000000000002', 'Owner’s notes',
            'What every agent is to know, as it stands in Settings.', 1, 0);

create table memory_entries (
    id text primary key not null,
    layer_id text not null references memory_layers (id) on delete cascade,
    key text not null collate nocase check (length(key) between 1 and 100),
    content text not null check (length(content) between 1 and 4000),
    label text not null check (json_valid(label)),
    created_at integer not null,
    updated_at integer not null,
    unique (layer_id, key)
) strict;

-- Ids in order: what a later layer says under a key goes before what an earlier one says.
alter table agents add column memory_layers text not null default '[]'
    check (json_valid(memory_layers));
alter table runs add column memory_layers text                   -- null: its agent's
    check (memory_layers is null or json_valid(memory_layers));
