-- What a person wants to be told at a time.
create table reminders (
    id text primary key not null,
    user_id text not null references users (id) on delete cascade,
    -- Where it was asked for; null: on a page or by a program.
    conversation_id text references conversations (id) on delete set null,
    text text not null check (length(text) between 1 and 500),
    due_at integer not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'done', 'cancelled')),
    label text not null check (json_valid(label)),
    created_at integer not null,
    sent_at integer,
    ended_at integer,
    check ((state in ('done', 'cancelled')) = (ended_at is not null))
) strict;
create index reminders_due on reminders (due_at) where state = 'waiting';
create index reminders_user on reminders (user_id, state, due_at);
