-- What a person wrote down, searchable by its words.
create table notes (
    key integer primary key,
    id text not null unique,
    user_id text not null references users (id) on delete cascade,
    title text not null default '' check (length(title) <= 200),
    content text not null check (length(content) between 1 and 100000),
    label text not null check (json_valid(label)),
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer                            -- kept a while, so that it can be taken back
) strict;
create index notes_user on notes (user_id, updated_at desc) where deleted_at is null;
create index notes_deleted on notes (deleted_at) where deleted_at is not null;

create virtual table notes_text using fts5 (
    title, content, content = 'notes', content_rowid = 'key',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
create trigger notes_text_insert after insert on notes begin
    insert into notes_text (rowid, title, content) values (new.key, new.title, new.content);
end;
create trigger notes_text_delete after delete on notes begin
    insert into notes_text (notes_text, rowid, title, content)
    values ('delete', old.key, old.title, old.content);
end;
create trigger notes_text_update after update of title, content on notes begin
    insert into notes_text (notes_text, rowid, title, content)
    values ('delete', old.key, old.title, old.content);
    insert into notes_text (rowid, title, content) values (new.key, new.title, new.content);
end;
