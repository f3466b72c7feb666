-- The line of runs: those that somebody waits for, and the others, each the oldest first.
create index runs_line on runs (headless, queued_at) where state = 'queued';
