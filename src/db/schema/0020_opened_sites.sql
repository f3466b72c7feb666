-- Sites that a person opened for one conversation alone.
create table opened_sites (
    conversation_id text not null references conversations (id) on delete cascade,
    domain text not null,                         -- 'example.org' or '*.example.org', punycode
    opened_by text not null,                      -- the user
    opened_at integer not null,
    primary key (conversation_id, domain)
) strict, without rowid;

-- What the owner could add so that a denied call would pass next time.
alter table tool_calls add column offer text check (offer is null or json_valid(offer));
