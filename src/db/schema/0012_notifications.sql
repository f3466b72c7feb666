-- What a person was told without asking.
create table notifications (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    kind text not null,                           -- 'reminder', …
    text text not null,
    link text,                                    -- a path in this house
    created_at integer not null,
    read_at integer
) strict;
create index notifications_user on notifications (user_id, created_at desc);
create index notifications_unread on notifications (user_id) where read_at is null;
