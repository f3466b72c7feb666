-- Who wrote a file of a user's own folder, as long as its bytes are these.
create table file_labels (
    user_id text not null references users (id) on delete cascade,
    path text not null,                           -- from the own folder on
    sha256 blob not null check (length(sha256) = 32),
    label text not null check (json_valid(label)),
    primary key (user_id, path)
) strict, without rowid;
