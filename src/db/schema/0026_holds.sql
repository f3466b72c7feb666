-- Until when a call that waits can be taken back; once set, it is not held a second time.
alter table tool_calls add column held_until integer;
create index tool_calls_held on tool_calls (held_until)
    where state = 'waiting' and held_until is not null;
