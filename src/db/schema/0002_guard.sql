-- The ledger of everything that was done. Rows are chained by their hashes; nothing changes one,
-- and only a purge (whose stub comes first) takes some away.
create table audit (
    seq integer primary key not null,             -- 1, 2, 3 … without gaps
    happened_at integer not null,
    actor text not null check (actor in ('user', 'token', 'agent', 'system')),
    actor_id text,
    action text not null check (action like '%_._%'),  -- 'reminders.create'
    target text not null,
    tool_name text,
    session_id text,                              -- the conversation
    task_id text,
    run_id text,
    decision text check (decision in ('go', 'ask', 'deny')),
    confirmed integer check (confirmed in (0, 1)),
    channel text not null,
    detail text not null check (json_valid(detail)),
    hash blob not null check (length(hash) = 32)
) strict;
create index audit_when on audit (happened_at);
create index audit_session on audit (session_id, seq) where session_id is not null;
create index audit_task on audit (task_id, seq) where task_id is not null;
create index audit_tool on audit (tool_name, seq) where tool_name is not null;

-- What is left of purged rows: enough to check the chain across the gap.
create table audit_stubs (
    first_seq integer primary key not null,
    last_seq integer not null check (first_seq <= last_seq),
    previous_hash blob not null,                  -- of the row before the first
    first_hash blob not null,
    last_hash blob not null,
    purged_at integer not null,
    signature blob not null
) strict;

create trigger audit_insert before insert on audit
when new.seq <= (select max(seq) from audit) begin
    select raise(abort, 'audit rows are only added');
end;
create trigger audit_update before update on audit begin
    select raise(abort, 'audit rows are never changed');
end;
create trigger audit_delete before delete on audit
when not exists (select 1 from audit_stubs where old.seq between first_seq and last_seq) begin
    select raise(abort, 'audit rows are never deleted');
end;
create trigger audit_stubs_update before update on audit_stubs begin
    select raise(abort, 'audit stubs are never changed');
end;
create trigger audit_stubs_delete before delete on audit_stubs begin
    select raise(abort, 'audit stubs are never deleted');
end;

-- One row: how the master key is made, and what proves that it is the right one.
create table vault (
    id integer primary key not null check (id = 1),
    stretch_salt blob,                            -- null: the key is used as it is
    stretch_memory_kib integer,
    stretch_passes integer,
    stretch_lanes integer,
    sealed_check blob not null,
    created_at integer not null
) strict;

create table credentials (
    key text primary key not null check (key like '_%:_%'),
    description text not null,
    version integer not null,                     -- counts up; part of what is sealed
    wrapped_key blob not null,                    -- the entry's own key, under the master key
    sealed_value blob not null,
    created_at integer not null,
    updated_at integer not null,
    last_used_at integer
) strict, without rowid;

create table whitelist_addresses (
    address text primary key not null,            -- lower case, domain in punycode
    daily_limit integer not null check (daily_limit >= 0),  -- 0: none
    sent_day integer not null default 0,          -- days since 1970, UTC
    sent integer not null default 0,              -- on that day
    created_at integer not null
) strict, without rowid;

create table whitelist_domains (
    domain text primary key not null,             -- 'example.org' or '*.example.org', punycode
    note text not null,
    created_at integer not null
) strict, without rowid;

create table whitelist_folders (
    path text primary key not null,               -- canonical
    note text not null,
    created_at integer not null
) strict, without rowid;

create table browser_trusted (
    user_id text not null,
    domain text not null,
    note text not null,
    created_at integer not null,
    primary key (user_id, domain)
) strict, without rowid;

-- The owner's yes or no to one tool call.
create table approvals (
    id text primary key not null,
    call_id text not null unique,
    run_id text not null,
    conversation_id text not null,
    user_id text not null,                        -- who is asked
    tool text not null,
    call_hash blob not null,                      -- of the tool and arguments that were asked about
    what text not null,
    recipient text not null,                      -- '' when it goes to nobody
    why text not null,
    reason text not null,
    origins text not null check (json_valid(origins)),
    preview text not null,
    risks text not null check (json_valid(risks)),
    arguments text not null check (json_valid(arguments)),
    state text not null check (state in ('waiting', 'approved', 'denied', 'expired', 'withdrawn')),
    created_at integer not null,
    expires_at integer,
    answered_by text,                             -- a name to read
    answered_via text,
    answered_at integer,
    memo text,
    edited_arguments text check (edited_arguments is null or json_valid(edited_arguments)),
    answered_hash blob,                           -- of what was approved, the edited bytes if any
    taken_at integer                              -- the yes was used up
) strict;
create index approvals_waiting on approvals (created_at) where state = 'waiting';
create index approvals_answered on approvals (answered_at) where state <> 'waiting';
create index approvals_run on approvals (run_id);

-- Names the owner entered (contacts, payees, calendars): what a word of theirs may resolve to.
create table owner_names (
    source text not null,                         -- the feature, 'contacts'
    source_id text not null,
    user_id text not null,
    kind text not null,                           -- what it names: 'address', 'phone', 'calendar'
    name text not null,                           -- as the owner says it, lower case
    value text not null,
    primary key (source, source_id, kind, name, value)
) strict, without rowid;
create index owner_names_name on owner_names (user_id, name);

-- One row at most: how long audit lines are kept.
create table audit_retention (
    id integer primary key not null check (id = 1),
    days integer not null check (days >= 0)       -- 0: for good
) strict;
