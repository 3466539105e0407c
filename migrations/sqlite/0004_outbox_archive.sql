-- Published events that are no longer needed where commands write: they keep their place in the order and can be replayed.
CREATE TABLE outbox_archive (
    sequence     INTEGER PRIMARY KEY,
    event_id     BLOB    NOT NULL UNIQUE CHECK (length(event_id) = 16),
    event        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_archive_by_age ON outbox_archive (created_at);
