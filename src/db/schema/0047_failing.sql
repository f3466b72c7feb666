-- Since when the looks of a monitor have failed, one after another; null: the last was answered.
alter table monitors add column failing_since integer;
