-- A yes that the owner gave beforehand, with a scope and an end.
create table standing_rules (
    id text primary key not null,
    user_id text not null,                        -- whose runs it is for
    tool text not null,
    what text not null,                           -- the title of the card it was made on
    bound text check (bound is null or json_valid(bound)),  -- values it holds for; null: any
    created_at integer not null,
    created_by text not null,                     -- a name to read
    created_via text not null,
    expires_at integer,                           -- null: until it is revoked
    used integer not null default 0,
    last_used_at integer
) strict;
create index standing_rules_tool on standing_rules (user_id, tool);

-- The values that a rule made on this card could hold for; null: none is offered.
alter table approvals add column standing text check (standing is null or json_valid(standing));

-- When the owner was told a second time that it waits.
alter table approvals add column reminded_at integer;
