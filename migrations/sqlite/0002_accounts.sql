-- What people are beyond their first log-in: status, addresses, sessions that are over, a second factor; the mails that their
-- wishes cause; who did what to whom.

ALTER TABLE customer ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'erased'));
-- A JSON array in the form of the domain: a profile is read and written as a whole.
ALTER TABLE customer ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
ALTER TABLE customer ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE customer ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
-- Sessions that began before the moment are over, but for one.
ALTER TABLE customer ADD COLUMN sessions_over INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN session_kept BLOB;
-- The authenticator's secret, sealed; and the time step of the last code that was used.
ALTER TABLE customer ADD COLUMN sealed_secret BLOB;
ALTER TABLE customer ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1));
ALTER TABLE customer ADD COLUMN last_step INTEGER NOT NULL DEFAULT 0;
UPDATE customer SET updated_at = created_at;
CREATE INDEX customer_by_role ON customer (role, status, customer_key);

-- SHA-256 of the codes that stand in for the authenticator, each once.
CREATE TABLE recovery_code (
    customer_key INTEGER NOT NULL REFERENCES customer (customer_key),
    code_hash    BLOB    NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (customer_key, code_hash)
) STRICT, WITHOUT ROWID;

-- The words a person is found by, as the domain folds them.
CREATE TABLE customer_term (
    term         TEXT    NOT NULL,
    customer_key INTEGER NOT NULL REFERENCES customer (customer_key),
    PRIMARY KEY (term, customer_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_term_by_customer ON customer_term (customer_key);

-- Wishes that cause mail. Name and hash are those of a registration, until it is confirmed. `token_hash` is the SHA-256 of the
-- token in the link; it is there once the mail is written.
CREATE TABLE mail (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind          TEXT    NOT NULL CHECK (kind IN ('registration', 'password_reset', 'email_change', 'invitation',
                                                   'email_changed', 'password_changed', 'second_factor_changed')),
    email         TEXT    NOT NULL,
    customer_key  INTEGER REFERENCES customer (customer_key),
    name          TEXT,
    password_hash TEXT,
    token_hash    BLOB    UNIQUE CHECK (length(token_hash) = 32),
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    sent_at       INTEGER,
    used_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_by_expiry ON mail (expires_at);
CREATE INDEX mail_by_email ON mail (email);

-- Append-only. Ids only: nobody has to be forgotten here.
CREATE TABLE audit_entry (
    entry_key  INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    actor_id   BLOB    CHECK (length(actor_id) = 16),
    subject_id BLOB    CHECK (length(subject_id) = 16),
    request_id TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_id, entry_key);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject_id, entry_key);
