-- First answers to requests that carried an Idempotency-Key, for a day.
create table first_answers (
    caller text not null,                         -- who sent the key
    key text not null check (length(key) between 1 and 255),
    request_hash blob not null,                   -- SHA-256 of method, address and body
    status integer,                               -- null: not answered yet
    content_type text,
    body blob,                                    -- null: shown once, and not kept
    asked_at integer not null,
    primary key (caller, key)
) strict, without rowid;
