-- Times are microseconds since the Unix epoch, UTC. Money is in minor units. Ids are UUIDs of 16 bytes; each table
-- clusters on a growing integer key and keeps the id unique beside it. A `…_key` column of TEXT is folded for
-- comparison by the domain, so that every store sorts and compares alike.

CREATE TABLE category (
    category_key INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    parent_key   INTEGER REFERENCES category (category_key),
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX category_name_unique ON category (coalesce(parent_key, 0), name_key);
CREATE INDEX category_parent ON category (parent_key);

CREATE TABLE product (
    product_key  INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    sku          TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    category_key INTEGER NOT NULL CONSTRAINT product_category REFERENCES category (category_key),
    price_minor  INTEGER NOT NULL CHECK (price_minor BETWEEN 0 AND 9007199254740991),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    status       TEXT    NOT NULL CHECK (status IN ('active', 'discontinued')),
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
-- One for each sort of a list, with and without a category.
CREATE INDEX product_by_name ON product (status, name_key, product_key);
CREATE INDEX product_by_price ON product (status, price_minor, product_key);
CREATE INDEX product_by_age ON product (status, product_key);
CREATE INDEX product_by_category ON product (category_key, status, product_key);

-- The words a product is found by, as the domain folds them.
CREATE TABLE product_term (
    term        TEXT    NOT NULL,
    product_key INTEGER NOT NULL REFERENCES product (product_key),
    PRIMARY KEY (term, product_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_term_by_product ON product_term (product_key);

CREATE TABLE stock (
    product_key INTEGER PRIMARY KEY REFERENCES product (product_key),
    on_hand     INTEGER NOT NULL CHECK (on_hand BETWEEN 0 AND 1000000000),
    reserved    INTEGER NOT NULL CHECK (reserved >= 0),
    version     INTEGER NOT NULL CHECK (version > 0),
    updated_at  INTEGER NOT NULL,
    CONSTRAINT stock_never_oversold CHECK (reserved <= on_hand)
) STRICT;

-- Append-only. The sums over a product's rows are its stock; `version` is the stock's version that the row made.
CREATE TABLE stock_movement (
    product_key     INTEGER NOT NULL REFERENCES product (product_key),
    version         INTEGER NOT NULL,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    kind            TEXT    NOT NULL CHECK (kind IN ('placed', 'released', 'adjusted')),
    on_hand_change  INTEGER NOT NULL,
    reserved_change INTEGER NOT NULL,
    order_id        BLOB,
    reason          TEXT,
    actor           BLOB,
    at              INTEGER NOT NULL,
    PRIMARY KEY (product_key, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE customer (
    customer_key  INTEGER PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('customer', 'manager', 'admin')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

-- The table is not called `order` because SQL is.
CREATE TABLE sales_order (
    order_key        INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    customer_key     INTEGER NOT NULL REFERENCES customer (customer_key),
    status           TEXT    NOT NULL CHECK (status IN ('placed', 'cancelled')),
    currency         TEXT    NOT NULL CHECK (length(currency) = 3),
    total_minor      INTEGER NOT NULL CHECK (total_minor BETWEEN 0 AND 9007199254740991),
    shipping_address TEXT,
    version          INTEGER NOT NULL CHECK (version > 0),
    placed_at        INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX sales_order_by_customer ON sales_order (customer_key, order_key);

CREATE TABLE order_line (
    order_key        INTEGER NOT NULL REFERENCES sales_order (order_key),
    line_number      INTEGER NOT NULL,
    product_key      INTEGER NOT NULL REFERENCES product (product_key),
    sku              TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    quantity         INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    unit_price_minor INTEGER NOT NULL CHECK (unit_price_minor >= 0),
    PRIMARY KEY (order_key, line_number)
) STRICT, WITHOUT ROWID;

-- Events, committed with the change that they tell of. `claimed_until`: a relay is publishing the row.
CREATE TABLE outbox (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id      BLOB    NOT NULL UNIQUE CHECK (length(event_id) = 16),
    event         TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    claimed_until INTEGER,
    published_at  INTEGER
) STRICT;
CREATE INDEX outbox_unpublished ON outbox (sequence) WHERE published_at IS NULL;

-- The first result of a command that was sent with an Idempotency-Key, committed with its effect.
CREATE TABLE idempotency (
    scope       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    request_id  TEXT    NOT NULL,
    result      TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
