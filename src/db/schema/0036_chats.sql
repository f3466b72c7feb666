-- The chats of a person, the latest first: runs of tasks and triggers may be a million beside them.
create index conversations_chats on conversations (user_id, updated_at desc, id)
    where deleted_at is null and task_id is null and trigger_id is null;
