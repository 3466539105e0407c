-- How far the events of a type and an aggregate are on their way to a webhook, and those behind that: what was told before is not read again
-- with each new event.
CREATE INDEX webhook_delivery_told ON webhook_delivery (webhook_key, subject, type, version);
DROP INDEX outbox_by_subject ON outbox;
DROP INDEX outbox_archive_by_subject ON outbox_archive;
CREATE INDEX outbox_by_subject ON outbox (subject, type, version);
CREATE INDEX outbox_archive_by_subject ON outbox_archive (subject, type, version);
