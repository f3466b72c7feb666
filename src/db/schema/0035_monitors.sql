-- Pages and feeds that are looked at again and again; the rest of a monitor is its row in `triggers`.
create table monitors (
    trigger_id text primary key not null references triggers (id) on delete cascade,
    url text not null check (length(url) between 1 and 2000),
    schedule text not null,
    zone text not null,
    anchor_at integer not null,                   -- what intervals are counted from
    next_at integer not null,                     -- when it is looked at, while it is on
    etag text,
    last_modified text,
    page_text text,                               -- what the page said last
    looked_at integer,                            -- the last look that was answered or failed
    primed integer not null default 0 check (primed in (0, 1)),  -- the first look was taken
    outcome text not null default '',             -- what came of the last look
    misses integer not null default 0             -- looks that failed, in a row
) strict;
create index monitors_next on monitors (next_at);

-- Items of feeds that were seen, by the digest of their id.
create table feed_items (
    trigger_id text not null references triggers (id) on delete cascade,
    item blob not null,
    seen_at integer not null,                     -- last
    primary key (trigger_id, item)
) strict, without rowid;
