-- Published events that are no longer needed where commands write: they keep their place in the order and can be replayed.
CREATE TABLE outbox_archive (
    sequence       BIGINT NOT NULL CONSTRAINT outbox_archive_pk PRIMARY KEY,
    event_id       UNIQUEIDENTIFIER NOT NULL CONSTRAINT outbox_archive_event_unique UNIQUE,
    type           NVARCHAR(100) COLLATE Latin1_General_BIN2 NOT NULL
                   CONSTRAINT outbox_archive_type_filled CHECK (DATALENGTH(type) > 0),
    subject        UNIQUEIDENTIFIER NOT NULL,
    version        BIGINT NOT NULL CONSTRAINT outbox_archive_version_positive CHECK (version > 0),
    correlation_id NVARCHAR(200) NOT NULL,
    data           NVARCHAR(MAX) NOT NULL CONSTRAINT outbox_archive_data_json CHECK (ISJSON(data) = 1),
    created_at     DATETIME2(6) NOT NULL,
    published_at   DATETIME2(6) NOT NULL
);
CREATE INDEX outbox_archive_by_age ON outbox_archive (created_at);

-- One row. Whoever archives changes it first: archivers follow each other, so that no two move the same event.
CREATE TABLE outbox_archiving (
    only_row INT NOT NULL CONSTRAINT outbox_archiving_pk PRIMARY KEY
             CONSTRAINT outbox_archiving_single CHECK (only_row = 1),
    runs     BIGINT NOT NULL
);
INSERT INTO outbox_archiving (only_row, runs) VALUES (1, 0);
