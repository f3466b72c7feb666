-- Models that the owner switched off: they are not offered, not asked, and don't stand in for another.
create table models_off (
    model text primary key not null,              -- 'NAME:model'
    off_at integer not null
) strict, without rowid;
