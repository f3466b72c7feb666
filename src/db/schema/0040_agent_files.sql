-- Who wrote a file of an agent's workspace, as long as its bytes are these; and in whose run: to
-- anybody else it is somebody else's text.
create table agent_file_labels (
    agent_id text not null references agents (id) on delete cascade,
    path text not null,                           -- from the workspace on
    user_id text not null references users (id) on delete cascade,
    sha256 blob not null check (length(sha256) = 32),
    label text not null check (json_valid(label)),
    primary key (agent_id, path)
) strict, without rowid;
