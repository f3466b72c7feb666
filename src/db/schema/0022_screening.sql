-- What a model found that looked through a text from outside; null: none looked.
alter table tool_calls add column screened text
    check (screened is null or screened in ('clear', 'orders', 'unseen'));
