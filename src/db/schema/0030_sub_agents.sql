-- A run that another run began: its end answers the call that began it, and it spends from the purse
-- of the first of them all.
alter table runs add column parent_run_id text references runs (id) on delete set null;
alter table runs add column root_run_id text references runs (id) on delete set null;
create index runs_parent on runs (parent_run_id) where parent_run_id is not null;
create index runs_root on runs (root_run_id) where root_run_id is not null;
