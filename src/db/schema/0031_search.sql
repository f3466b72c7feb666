-- Search asks for words, never for their order, so the places of words are not kept: a long message
-- is stored faster and the index is a third smaller.
drop trigger messages_text_insert;
drop trigger messages_text_delete;
drop table messages_text;
create virtual table messages_text using fts5 (
    text, content = 'messages', content_rowid = 'seq', detail = 'none',
    tokenize = 'unicode61 remove_diacritics 2');
create trigger messages_text_insert after insert on messages begin
    insert into messages_text (rowid, text) values (new.seq, new.text);
end;
create trigger messages_text_delete after delete on messages begin
    insert into messages_text (messages_text, rowid, text) values ('delete', old.seq, old.text);
end;
insert into messages_text (messages_text) values ('rebuild');
