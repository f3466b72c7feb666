-- The people of the house, how they prove who they are, and what the owner set.
create table users (
    id text primary key not null,
    name text not null check (length(name) between 1 and 64),
    name_key text not null unique,                -- lower case, for logging in
    password_hash text not null,                  -- Argon2id, PHC string
    role text not null check (role in ('admin', 'user')),
    active integer not null default 1 check (active in (0, 1)),
    created_at integer not null                   -- ms since 1970, UTC; so are all columns named _at
) strict;

create table login_sessions (
    id_hash blob primary key not null,            -- SHA-256 of the cookie's value
    id text not null unique,                      -- its name in lists
    user_id text references users (id) on delete cascade,
    data text not null check (json_valid(data)),
    device text not null default '',
    address text not null default '',
    created_at integer not null,
    seen_at integer not null,
    expires_at integer not null
) strict, without rowid;
create index login_sessions_user on login_sessions (user_id);

create table tokens (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    name text not null check (length(name) between 1 and 100),
    prefix text not null,
    token_hash blob not null unique,              -- SHA-256 of the token
    scopes text not null check (json_valid(scopes)),
    created_at integer not null,
    expires_at integer,
    used_at integer,
    revoked_at integer
) strict;

-- Browsers in which somebody signed in before.
create table known_devices (
    hash blob not null,                           -- SHA-256 of the device cookie
    user_id text not null references users (id) on delete cascade,
    seen_at integer not null,
    primary key (hash, user_id)
) strict, without rowid;

-- Wrong passwords, by account, known device and address, and wrong setup codes.
create table lockouts (
    subject text primary key not null,            -- 'account:ada', 'address:192.0.2.7', 'setup'
    failures integer not null,
    failed_at integer not null,
    locked_until integer
) strict, without rowid;

create table settings (
    key text primary key not null,
    value text not null,
    updated_at integer not null
) strict, without rowid;
