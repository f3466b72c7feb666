-- How often a task was changed, so that a stale form and a calendar can tell.
alter table tasks add column revision integer not null default 0;
-- Up to which slot rows of what was done are forgotten; null: none is.
alter table tasks add column forgotten_until integer;
-- A delay by chance ends before the next slot now: each is looked at on time, and worked out anew.
update tasks set next_fire_at = next_slot_at where jitter_s > 0;
