-- What the guard refused lately.
create index tool_calls_denied on tool_calls (ended_at) where state = 'denied';
