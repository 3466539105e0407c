-- The events whose mail to the buyer was sent.
CREATE TABLE order_mail (
    event_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(event_id) = 16),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX order_mail_by_expiry ON order_mail (expires_at);
