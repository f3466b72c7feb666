-- A person's own ways to be told outside of the pages.
create table channels (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    kind text not null check (length(kind) between 1 and 24),      -- 'ntfy', 'pushover', 'web_push', …
    name text not null check (length(name) between 1 and 60),
    server text not null,                         -- the address that is spoken to
    target text not null default '',              -- what is no secret of where it goes: a topic, a public key
    secrets text not null default '[]' check (json_valid(secrets)),  -- names of what the vault holds for it
    state text not null check (state in ('on', 'off', 'stopped')),
    why text not null default '',                 -- stopped: what a person has to mend
    failures integer not null default 0,          -- tries in a row that came to nothing
    rests_until integer,                          -- nothing is tried before
    created_at integer not null,
    said_at integer                               -- something was taken last
) strict;
create index channels_user on channels (user_id);

-- The outbox: what becomes of one notification on one channel.
create table outbox (
    notification_id text not null references notifications (id) on delete cascade,
    channel_id text not null references channels (id) on delete cascade,
    state text not null check (state in (
        'waiting', 'sending', 'sent', 'refused', 'unknown', 'given_up', 'dropped')),
    words text not null default '',               -- what came of it, in a sentence
    due_at integer not null,
    held integer not null default 0 check (held in (0, 1)),  -- quiet hours kept it
    tries integer not null default 0,
    created_at integer not null,
    ended_at integer,
    primary key (notification_id, channel_id),
    check ((state in ('waiting', 'sending')) = (ended_at is null))
) strict, without rowid;
create index outbox_channel on outbox (channel_id, created_at);
create index outbox_waiting on outbox (due_at) where state = 'waiting';
create index outbox_sending on outbox (state) where state = 'sending';
create index notifications_said on notifications (user_id, kind, created_at);

-- When a person is told only in the pages.
create table quiet_hours (
    user_id text primary key not null references users (id) on delete cascade,
    from_minute integer not null check (from_minute between 0 and 1439),  -- of the day, in the owner's zone
    to_minute integer not null check (to_minute between 0 and 1439),
    approvals integer not null check (approvals in (0, 1)),  -- what waits for a yes is told all the same
    check (from_minute <> to_minute)
) strict;
