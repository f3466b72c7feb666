-- Where the ledger ends, so that lines cut off since the last anchor show, and new ones leave a gap.
create table audit_head (
    id integer primary key not null check (id = 1),
    seq integer not null,
    hash blob not null check (length(hash) = 32)
) strict;
insert into audit_head (id, seq, hash)
    select 1, seq, hash from (
        select seq, hash from audit
        union all
        select last_seq, last_hash from audit_stubs)
    order by seq desc limit 1;

-- A stub says what it said; only its signature follows the master key.
drop trigger audit_stubs_update;
create trigger audit_stubs_update
before update of first_seq, last_seq, previous_hash, first_hash, last_hash, purged_at on audit_stubs
begin
    select raise(abort, 'audit stubs are never changed');
end;
