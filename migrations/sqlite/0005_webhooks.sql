-- Where third parties want to hear what happens. `document` is the webhook as the domain reads it; the columns beside it are what the
-- store looks for. `failures`: attempts that failed in a row.
CREATE TABLE webhook (
    webhook_key INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    is_active   INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    failures    INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    version     INTEGER NOT NULL CHECK (version > 0),
    document    TEXT    NOT NULL CHECK (json_valid(document))
) STRICT;

-- What active webhooks want to hear of; one that is disabled has no rows. `kind`: what such events are about. Events
-- from before `since` are not sent.
CREATE TABLE webhook_subscription (
    type        TEXT    NOT NULL,
    webhook_key INTEGER NOT NULL REFERENCES webhook (webhook_key),
    kind        TEXT    NOT NULL CHECK (kind IN ('product', 'inventory', 'order')),
    since       INTEGER NOT NULL,
    PRIMARY KEY (type, webhook_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_subscription_by_webhook ON webhook_subscription (webhook_key);

-- Events on their way to webhooks, and the log of them. `claimed_until`: somebody is sending the row. The event is a copy: the outbox
-- forgets.
CREATE TABLE webhook_delivery (
    delivery_key    INTEGER PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    webhook_key     INTEGER NOT NULL REFERENCES webhook (webhook_key),
    event_id        BLOB    NOT NULL CHECK (length(event_id) = 16),
    kind            TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    version         INTEGER NOT NULL CHECK (version > 0),
    event           TEXT    NOT NULL CHECK (json_valid(event)),
    status          TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    status_code     INTEGER,
    error           TEXT,
    duration_ms     INTEGER,
    next_attempt_at INTEGER NOT NULL,
    claimed_until   INTEGER,
    enqueued_at     INTEGER NOT NULL,
    finished_at     INTEGER,
    CONSTRAINT webhook_delivery_once UNIQUE (webhook_key, event_id),
    CONSTRAINT webhook_delivery_ends CHECK ((status = 'pending') = (finished_at IS NULL))
) STRICT;
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_key, next_attempt_at) WHERE finished_at IS NULL;
CREATE INDEX webhook_delivery_in_order ON webhook_delivery (webhook_key, kind, subject, version) WHERE finished_at IS NULL;
CREATE INDEX webhook_delivery_claimed ON webhook_delivery (webhook_key, claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_key, delivery_key);
CREATE INDEX webhook_delivery_finished ON webhook_delivery (finished_at) WHERE finished_at IS NOT NULL;

-- What came before an event of the same aggregate.
CREATE INDEX outbox_by_subject ON outbox (json_extract(event, '$.subject'), json_extract(event, '$.aggregateversion'));
CREATE INDEX outbox_archive_by_subject ON outbox_archive (json_extract(event, '$.subject'), json_extract(event, '$.aggregateversion'));
