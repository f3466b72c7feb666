-- What a program began and nobody waits for, though somebody may watch.
alter table runs add column batch integer not null default 0 check (batch in (0, 1));
drop index runs_line;
create index runs_line on runs (headless, batch, queued_at) where state = 'queued';
