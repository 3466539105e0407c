-- What people are beyond their first log-in: status, addresses, sessions that are over, a second factor; the mails that their
-- wishes cause; who did what to whom.
--
-- `idempotency.claim` is 16 bytes of the SHA-256 of the caller and 16 of that of the key from here on: what a caller's commands
-- left is a range, which goes when the caller is forgotten.

ALTER TABLE customer ADD status NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT customer_status_active DEFAULT N'active'
    CONSTRAINT customer_status_known CHECK (status IN (N'active', N'disabled', N'erased'));
-- A JSON array in the form of the domain: a profile is read and written as a whole.
ALTER TABLE customer ADD addresses NVARCHAR(MAX) NOT NULL CONSTRAINT customer_addresses_none DEFAULT N'[]'
    CONSTRAINT customer_addresses_json CHECK (ISJSON(addresses) = 1);
ALTER TABLE customer ADD version BIGINT NOT NULL CONSTRAINT customer_version_first DEFAULT 1
    CONSTRAINT customer_version_positive CHECK (version > 0);
-- The default is for the rows that are there. It is earlier than any `created_at`, so that new rows must say when.
ALTER TABLE customer ADD updated_at DATETIME2(6) NOT NULL CONSTRAINT customer_updated_never DEFAULT '1970-01-01T00:00:00';
-- Sessions that began before the moment are over, but for one; and when that one began, which its id tells the domain only.
ALTER TABLE customer ADD sessions_over DATETIME2(6) NOT NULL CONSTRAINT customer_sessions_never_over DEFAULT '1970-01-01T00:00:00';
ALTER TABLE customer ADD session_kept UNIQUEIDENTIFIER NULL;
ALTER TABLE customer ADD session_kept_from DATETIME2(6) NULL;
-- The authenticator's secret, sealed; and the time step of the last code that was used.
ALTER TABLE customer ADD sealed_secret VARBINARY(400) NULL;
ALTER TABLE customer ADD second_factor BIT NOT NULL CONSTRAINT customer_second_factor_none DEFAULT 0;
ALTER TABLE customer ADD last_step BIGINT NOT NULL CONSTRAINT customer_last_step_none DEFAULT 0;
GO

UPDATE customer SET updated_at = created_at;
ALTER TABLE customer ADD CONSTRAINT customer_updated_later CHECK (updated_at >= created_at);
ALTER TABLE customer ADD CONSTRAINT customer_second_factor_has_secret CHECK (second_factor = 0 OR sealed_secret IS NOT NULL);
ALTER TABLE customer ADD CONSTRAINT customer_session_kept_has_start CHECK (session_kept IS NULL OR session_kept_from IS NOT NULL);
ALTER TABLE customer ADD CONSTRAINT customer_erased_keeps_nothing CHECK (status <> N'erased'
    OR (addresses = N'[]' AND DATALENGTH(password_hash) = 0 AND sealed_secret IS NULL));
-- One for each list of people, newest first.
CREATE INDEX customer_by_role ON customer (role, status, customer_key);
CREATE INDEX customer_by_status ON customer (status, customer_key);

-- SHA-256 of the codes that stand in for the authenticator, each once.
CREATE TABLE recovery_code (
    customer_key BIGINT NOT NULL CONSTRAINT recovery_code_customer REFERENCES customer (customer_key),
    code_hash    VARBINARY(32) NOT NULL CONSTRAINT recovery_code_hash_length CHECK (DATALENGTH(code_hash) = 32),
    CONSTRAINT recovery_code_pk PRIMARY KEY (customer_key, code_hash)
);

-- The words a person is found by, as the domain folds them: those of the name and those of the address, which change apart.
CREATE TABLE customer_term (
    term         VARBINARY(160) NOT NULL,
    customer_key BIGINT NOT NULL CONSTRAINT customer_term_customer REFERENCES customer (customer_key),
    of_email     BIT NOT NULL,
    CONSTRAINT customer_term_pk PRIMARY KEY (term, customer_key, of_email)
);
CREATE INDEX customer_term_by_customer ON customer_term (customer_key);

-- Wishes that cause mail. Name and hash are those of a registration, until it is confirmed; the terms are what the address, and that
-- name, will be found by. `token_hash` is the SHA-256 of the token in the link; it is there once the mail is written. Nothing makes
-- it unique but its length: engines differ in whether two NULLs break a unique constraint.
CREATE TABLE mail (
    mail_key      BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT mail_pk PRIMARY KEY,
    id            UNIQUEIDENTIFIER NOT NULL CONSTRAINT mail_id_unique UNIQUE,
    kind          NVARCHAR(24) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT mail_kind_known CHECK (kind IN (
                      N'registration', N'password_reset', N'email_change', N'invitation', N'email_changed', N'password_changed',
                      N'second_factor_changed')),
    email         NVARCHAR(254) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT mail_email_filled CHECK (DATALENGTH(email) > 0),
    customer_key  BIGINT NULL CONSTRAINT mail_customer REFERENCES customer (customer_key),
    name          NVARCHAR(200) COLLATE Latin1_General_BIN2 NULL,
    password_hash NVARCHAR(400) COLLATE Latin1_General_BIN2 NULL,
    term_places   NVARCHAR(MAX) NULL CONSTRAINT mail_term_places_json CHECK (ISJSON(term_places) = 1),
    terms         VARBINARY(MAX) NULL,
    token_hash    VARBINARY(32) NULL CONSTRAINT mail_token_length CHECK (DATALENGTH(token_hash) = 32),
    created_at    DATETIME2(6) NOT NULL,
    expires_at    DATETIME2(6) NOT NULL,
    sent_at       DATETIME2(6) NULL,
    used_at       DATETIME2(6) NULL,
    CONSTRAINT mail_expires_later CHECK (expires_at > created_at),
    CONSTRAINT mail_token_fits_kind CHECK (
        token_hash IS NULL OR kind IN (N'registration', N'password_reset', N'email_change', N'invitation')),
    CONSTRAINT mail_name_of_registration CHECK (kind = N'registration' OR (name IS NULL AND password_hash IS NULL))
);
CREATE INDEX mail_by_token ON mail (token_hash);
CREATE INDEX mail_by_expiry ON mail (expires_at);
CREATE INDEX mail_by_email ON mail (email);
CREATE INDEX mail_by_customer ON mail (customer_key);

-- Append-only. Ids only: nobody has to be forgotten here.
CREATE TABLE audit_entry (
    entry_key  BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT audit_entry_pk PRIMARY KEY,
    at         DATETIME2(6) NOT NULL,
    action     NVARCHAR(40) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT audit_entry_action_filled CHECK (DATALENGTH(action) > 0),
    actor_id   UNIQUEIDENTIFIER NULL,
    subject_id UNIQUEIDENTIFIER NULL,
    request_id NVARCHAR(200) NOT NULL
);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_id, entry_key);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject_id, entry_key);
GO

DROP VIEW customer_document;
GO

-- The addresses are the text of a JSON document, for the store to read.
CREATE VIEW customer_document AS
SELECT c.customer_key, c.id, c.email, c.password_hash, c.sessions_over, c.session_kept, c.sealed_secret,
    (SELECT c.id AS id, c.email AS email, c.name AS name, c.role AS role, c.status AS status, c.addresses AS addresses,
        c.second_factor AS secondFactor, c.version AS version,
        CAST(c.created_at AS DATETIMEOFFSET(6)) AS createdAt, CAST(c.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM customer AS c;
GO

DROP VIEW order_document;
GO

CREATE VIEW order_document AS
SELECT o.order_key, o.id, c.id AS customer_id, c.status AS customer_status,
    CAST(CONCAT(N'{"order":',
        (SELECT o.id AS id, c.id AS customerId, o.status AS status, o.total_minor AS [total.amountMinor],
            o.currency AS [total.currency], o.shipping_address AS shippingAddress, o.version AS version,
            CAST(o.placed_at AS DATETIMEOFFSET(6)) AS placedAt, CAST(o.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
         FOR JSON PATH, WITHOUT_ARRAY_WRAPPER),
        N',"lines":',
        (SELECT p.id AS productId, l.sku AS sku, l.name AS name, l.quantity AS quantity,
            l.unit_price_minor AS [unitPrice.amountMinor], l.currency AS [unitPrice.currency],
            l.unit_price_minor * l.quantity AS [lineTotal.amountMinor], l.currency AS [lineTotal.currency]
         FROM order_line AS l JOIN product AS p ON p.product_key = l.product_key
         WHERE l.order_key = o.order_key ORDER BY l.line_number FOR JSON PATH),
        N'}') AS NVARCHAR(MAX)) AS document
FROM sales_order AS o JOIN customer AS c ON c.customer_key = o.customer_key;
GO

CREATE VIEW audit_entry_document AS
SELECT a.entry_key, a.actor_id, a.subject_id,
    (SELECT CAST(a.at AS DATETIMEOFFSET(6)) AS at, a.action AS action, a.actor_id AS actorId, a.subject_id AS subjectId,
        a.request_id AS requestId
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM audit_entry AS a;
GO

-- The data of the events about mails.
CREATE VIEW mail_event AS
SELECT m.id, (SELECT m.id AS mailId, m.kind AS kind FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS data
FROM mail AS m;
