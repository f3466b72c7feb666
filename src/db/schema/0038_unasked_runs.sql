-- A run whose asker could not be shown a card: what would ask is refused.
alter table runs add column unasked integer not null default 0 check (unasked in (0, 1));
