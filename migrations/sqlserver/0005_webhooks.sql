-- Where third parties want to hear what happens, and what is on its way to them.

-- `document` is the webhook as the domain reads it; the columns beside it are what the store looks for. `failures`: attempts that failed
-- in a row.
CREATE TABLE webhook (
    webhook_key BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT webhook_pk PRIMARY KEY,
    id          UNIQUEIDENTIFIER NOT NULL CONSTRAINT webhook_id_unique UNIQUE,
    is_active   BIT NOT NULL,
    failures    BIGINT NOT NULL CONSTRAINT webhook_never_failed DEFAULT 0
                CONSTRAINT webhook_failures_not_negative CHECK (failures >= 0),
    version     BIGINT NOT NULL CONSTRAINT webhook_version_positive CHECK (version > 0),
    document    NVARCHAR(MAX) NOT NULL CONSTRAINT webhook_document_json CHECK (ISJSON(document) = 1)
);

-- What active webhooks want to hear of; one that is disabled has no rows. `kind`: what such events are about. Events
-- from before `since` are not sent.
CREATE TABLE webhook_subscription (
    type        NVARCHAR(100) COLLATE Latin1_General_BIN2 NOT NULL,
    webhook_key BIGINT NOT NULL CONSTRAINT webhook_subscription_webhook REFERENCES webhook (webhook_key),
    kind        NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT webhook_subscription_kind_known
                CHECK (kind IN (N'product', N'inventory', N'order')),
    since       DATETIME2(6) NOT NULL,
    CONSTRAINT webhook_subscription_pk PRIMARY KEY (type, webhook_key)
);
CREATE INDEX webhook_subscription_by_webhook ON webhook_subscription (webhook_key);

-- Events on their way to webhooks, and the log of them. `claimed_until`: somebody is sending the row. From `event_id` to `created_at`, the
-- event as the outbox had it, which forgets.
CREATE TABLE webhook_delivery (
    delivery_key    BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT webhook_delivery_pk PRIMARY KEY,
    id              UNIQUEIDENTIFIER NOT NULL CONSTRAINT webhook_delivery_id_random DEFAULT NEWID()
                    CONSTRAINT webhook_delivery_id_unique UNIQUE,
    webhook_key     BIGINT NOT NULL CONSTRAINT webhook_delivery_webhook REFERENCES webhook (webhook_key),
    kind            NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL,
    event_id        UNIQUEIDENTIFIER NOT NULL,
    type            NVARCHAR(100) COLLATE Latin1_General_BIN2 NOT NULL,
    subject         UNIQUEIDENTIFIER NOT NULL,
    version         BIGINT NOT NULL CONSTRAINT webhook_delivery_version_positive CHECK (version > 0),
    correlation_id  NVARCHAR(200) NOT NULL,
    data            NVARCHAR(MAX) NOT NULL CONSTRAINT webhook_delivery_data_json CHECK (ISJSON(data) = 1),
    created_at      DATETIME2(6) NOT NULL,
    status          NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT webhook_delivery_begins DEFAULT N'pending'
                    CONSTRAINT webhook_delivery_status_known CHECK (status IN (N'pending', N'delivered', N'failed')),
    attempts        BIGINT NOT NULL CONSTRAINT webhook_delivery_not_tried DEFAULT 0
                    CONSTRAINT webhook_delivery_attempts_not_negative CHECK (attempts >= 0),
    status_code     BIGINT NULL,
    error           NVARCHAR(1000) NULL,
    duration_ms     BIGINT NULL,
    next_attempt_at DATETIME2(6) NOT NULL,
    claimed_until   DATETIME2(6) NULL,
    enqueued_at     DATETIME2(6) NOT NULL,
    finished_at     DATETIME2(6) NULL,
    CONSTRAINT webhook_delivery_once UNIQUE (webhook_key, event_id),
    CONSTRAINT webhook_delivery_ends CHECK (
        (status = N'pending' AND finished_at IS NULL) OR (status <> N'pending' AND finished_at IS NOT NULL))
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_key, next_attempt_at) WHERE finished_at IS NULL;
CREATE INDEX webhook_delivery_in_order ON webhook_delivery (webhook_key, subject, version) WHERE finished_at IS NULL;
CREATE INDEX webhook_delivery_claimed ON webhook_delivery (webhook_key, claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_key, delivery_key);
CREATE INDEX webhook_delivery_finished ON webhook_delivery (finished_at) WHERE finished_at IS NOT NULL;

-- What came before an event of the same aggregate.
CREATE INDEX outbox_by_subject ON outbox (subject, version);
CREATE INDEX outbox_archive_by_subject ON outbox_archive (subject, version);
GO

-- The delivery log.
CREATE VIEW webhook_delivery_document AS
SELECT d.delivery_key, d.id, d.webhook_key,
    (SELECT d.id AS id, d.event_id AS eventId, d.type AS eventType, d.subject AS subject, d.version AS subjectVersion,
        d.status AS status, d.attempts AS attempts, d.status_code AS statusCode, d.error AS error, d.duration_ms AS durationMs,
        CASE WHEN d.finished_at IS NULL THEN CAST(d.next_attempt_at AS DATETIMEOFFSET(6)) END AS nextAttemptAt,
        CAST(d.enqueued_at AS DATETIMEOFFSET(6)) AS createdAt, CAST(d.finished_at AS DATETIMEOFFSET(6)) AS finishedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM webhook_delivery AS d;
