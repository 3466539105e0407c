-- Times are DATETIME2(6) in UTC. Money is in minor units. Each table clusters on its primary key, a growing BIGINT, and keeps its
-- UUID unique beside it. Columns of text compare by code point (BIN2); a `…_key` column of VARBINARY is a text that the domain has
-- folded, in UTF-8, so that every store sorts and compares alike. Constraints are named: the store knows refusals by them.
-- Ids are UUIDv7 of the domain, but for those of movements and events, which batches make by the number: those are random.
--
-- Written in the part of T-SQL that compatible engines understand as well; docs/architecture.md lists what that leaves out.

CREATE TABLE category (
    category_key BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT category_pk PRIMARY KEY,
    id           UNIQUEIDENTIFIER NOT NULL CONSTRAINT category_id_unique UNIQUE,
    parent_key   BIGINT NULL CONSTRAINT category_parent REFERENCES category (category_key),
    -- The parent, or 0 at the top: engines differ in whether two NULLs break a unique constraint.
    sibling_key  BIGINT NOT NULL,
    name         NVARCHAR(200) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT category_name_filled CHECK (DATALENGTH(name) > 0),
    name_key     VARBINARY(800) NOT NULL,
    version      BIGINT NOT NULL CONSTRAINT category_version_positive CHECK (version > 0),
    created_at   DATETIME2(6) NOT NULL,
    updated_at   DATETIME2(6) NOT NULL,
    CONSTRAINT category_name_unique UNIQUE (sibling_key, name_key),
    CONSTRAINT category_sibling_is_parent CHECK (sibling_key = COALESCE(parent_key, 0)),
    CONSTRAINT category_not_its_parent CHECK (parent_key <> category_key),
    CONSTRAINT category_updated_later CHECK (updated_at >= created_at)
);
CREATE INDEX category_by_parent ON category (parent_key);
CREATE INDEX category_by_name ON category (name_key);

-- One row. Whoever moves a category changes it first: moves follow each other, so that two of them cannot close a ring.
CREATE TABLE category_tree (
    only_row INT NOT NULL CONSTRAINT category_tree_pk PRIMARY KEY CONSTRAINT category_tree_single CHECK (only_row = 1),
    moves    BIGINT NOT NULL
);
INSERT INTO category_tree (only_row, moves) VALUES (1, 0);

CREATE TABLE product (
    product_key  BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT product_pk PRIMARY KEY,
    id           UNIQUEIDENTIFIER NOT NULL CONSTRAINT product_id_unique UNIQUE,
    sku          NVARCHAR(64) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT product_sku_unique UNIQUE
                 CONSTRAINT product_sku_capital CHECK (sku = UPPER(sku) AND DATALENGTH(sku) > 0),
    name         NVARCHAR(400) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT product_name_filled CHECK (DATALENGTH(name) > 0),
    name_key     VARBINARY(800) NOT NULL,
    description  NVARCHAR(MAX) COLLATE Latin1_General_BIN2 NOT NULL,
    category_key BIGINT NOT NULL CONSTRAINT product_category REFERENCES category (category_key),
    price_minor  BIGINT NOT NULL CONSTRAINT product_price_range CHECK (price_minor BETWEEN 0 AND 9007199254740991),
    currency     NVARCHAR(3) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT product_currency_code CHECK (LEN(currency) = 3),
    status       NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL
                 CONSTRAINT product_status_known CHECK (status IN (N'active', N'discontinued')),
    version      BIGINT NOT NULL CONSTRAINT product_version_positive CHECK (version > 0),
    created_at   DATETIME2(6) NOT NULL,
    updated_at   DATETIME2(6) NOT NULL,
    CONSTRAINT product_updated_later CHECK (updated_at >= created_at)
);
-- One for each sort of a list, with and without a category.
CREATE INDEX product_by_name ON product (status, name_key, product_key);
CREATE INDEX product_by_price ON product (status, price_minor, product_key);
CREATE INDEX product_by_age ON product (status, product_key);
CREATE INDEX product_by_category ON product (category_key, status, product_key);

-- The words a product is found by, as the domain folds them. Those of the SKU stay when the texts change.
CREATE TABLE product_term (
    term        VARBINARY(160) NOT NULL,
    product_key BIGINT NOT NULL CONSTRAINT product_term_product REFERENCES product (product_key),
    of_sku      BIT NOT NULL,
    CONSTRAINT product_term_pk PRIMARY KEY (term, product_key)
);
CREATE INDEX product_term_by_product ON product_term (product_key);

CREATE TABLE stock (
    product_key BIGINT NOT NULL CONSTRAINT stock_pk PRIMARY KEY CONSTRAINT stock_product REFERENCES product (product_key),
    on_hand     BIGINT NOT NULL CONSTRAINT stock_on_hand_range CHECK (on_hand BETWEEN 0 AND 1000000000),
    reserved    BIGINT NOT NULL CONSTRAINT stock_reserved_not_negative CHECK (reserved >= 0),
    version     BIGINT NOT NULL CONSTRAINT stock_version_positive CHECK (version > 0),
    updated_at  DATETIME2(6) NOT NULL,
    CONSTRAINT stock_never_oversold CHECK (reserved <= on_hand)
);

CREATE TABLE customer (
    customer_key  BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT customer_pk PRIMARY KEY,
    id            UNIQUEIDENTIFIER NOT NULL CONSTRAINT customer_id_unique UNIQUE,
    email         NVARCHAR(254) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT customer_email_unique UNIQUE
                  CONSTRAINT customer_email_filled CHECK (DATALENGTH(email) > 0),
    name          NVARCHAR(200) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT customer_name_filled CHECK (DATALENGTH(name) > 0),
    role          NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL
                  CONSTRAINT customer_role_known CHECK (role IN (N'customer', N'manager', N'admin')),
    password_hash NVARCHAR(400) COLLATE Latin1_General_BIN2 NOT NULL,
    created_at    DATETIME2(6) NOT NULL
);

-- The table is not called `order` because SQL is.
CREATE TABLE sales_order (
    order_key        BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT sales_order_pk PRIMARY KEY,
    id               UNIQUEIDENTIFIER NOT NULL CONSTRAINT sales_order_id_unique UNIQUE,
    customer_key     BIGINT NOT NULL CONSTRAINT sales_order_customer REFERENCES customer (customer_key),
    status           NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL
                     CONSTRAINT sales_order_status_known CHECK (status IN (N'placed', N'cancelled')),
    currency         NVARCHAR(3) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT sales_order_currency_code CHECK (LEN(currency) = 3),
    total_minor      BIGINT NOT NULL CONSTRAINT sales_order_total_range CHECK (total_minor BETWEEN 0 AND 9007199254740991),
    shipping_address NVARCHAR(MAX) NULL CONSTRAINT sales_order_address_json CHECK (ISJSON(shipping_address) = 1),
    version          BIGINT NOT NULL CONSTRAINT sales_order_version_positive CHECK (version > 0),
    placed_at        DATETIME2(6) NOT NULL,
    updated_at       DATETIME2(6) NOT NULL,
    CONSTRAINT sales_order_updated_later CHECK (updated_at >= placed_at)
);
CREATE INDEX sales_order_by_customer ON sales_order (customer_key, order_key);

CREATE TABLE order_line (
    order_key        BIGINT NOT NULL CONSTRAINT order_line_order REFERENCES sales_order (order_key),
    line_number      INT NOT NULL CONSTRAINT order_line_number_positive CHECK (line_number > 0),
    product_key      BIGINT NOT NULL CONSTRAINT order_line_product REFERENCES product (product_key),
    sku              NVARCHAR(64) COLLATE Latin1_General_BIN2 NOT NULL,
    name             NVARCHAR(400) COLLATE Latin1_General_BIN2 NOT NULL,
    quantity         BIGINT NOT NULL CONSTRAINT order_line_quantity_range CHECK (quantity BETWEEN 1 AND 1000000),
    unit_price_minor BIGINT NOT NULL CONSTRAINT order_line_price_range CHECK (unit_price_minor BETWEEN 0 AND 9007199254740991),
    currency         NVARCHAR(3) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT order_line_currency_code CHECK (LEN(currency) = 3),
    CONSTRAINT order_line_pk PRIMARY KEY (order_key, line_number),
    CONSTRAINT order_line_product_once UNIQUE (order_key, product_key)
);

-- Append-only. The sums over a product's rows are its stock; `version` is the stock's version that the row made.
CREATE TABLE stock_movement (
    product_key     BIGINT NOT NULL CONSTRAINT stock_movement_product REFERENCES product (product_key),
    version         BIGINT NOT NULL CONSTRAINT stock_movement_version_positive CHECK (version > 0),
    id              UNIQUEIDENTIFIER NOT NULL CONSTRAINT stock_movement_id_random DEFAULT NEWID()
                    CONSTRAINT stock_movement_id_unique UNIQUE,
    kind            NVARCHAR(12) COLLATE Latin1_General_BIN2 NOT NULL
                    CONSTRAINT stock_movement_kind_known CHECK (kind IN (N'placed', N'released', N'adjusted')),
    on_hand_change  BIGINT NOT NULL,
    reserved_change BIGINT NOT NULL,
    order_id        UNIQUEIDENTIFIER NULL,
    reason          NVARCHAR(400) NULL,
    actor           UNIQUEIDENTIFIER NULL,
    at              DATETIME2(6) NOT NULL,
    CONSTRAINT stock_movement_pk PRIMARY KEY (product_key, version),
    CONSTRAINT stock_movement_fits_kind CHECK (
        (kind = N'placed' AND reserved_change > 0 AND on_hand_change = 0 AND order_id IS NOT NULL)
        OR (kind = N'released' AND reserved_change < 0 AND on_hand_change = 0 AND order_id IS NOT NULL)
        OR (kind = N'adjusted' AND reserved_change = 0 AND reason IS NOT NULL AND actor IS NOT NULL))
);

-- Events, committed with the change that they tell of: the parts of a CloudEvents document. `claimed_until`: a relay is
-- publishing the row.
CREATE TABLE outbox (
    sequence       BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT outbox_pk PRIMARY KEY,
    event_id       UNIQUEIDENTIFIER NOT NULL CONSTRAINT outbox_event_random DEFAULT NEWID()
                   CONSTRAINT outbox_event_unique UNIQUE,
    type           NVARCHAR(100) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT outbox_type_filled CHECK (DATALENGTH(type) > 0),
    subject        UNIQUEIDENTIFIER NOT NULL,
    version        BIGINT NOT NULL CONSTRAINT outbox_version_positive CHECK (version > 0),
    correlation_id NVARCHAR(200) NOT NULL,
    data           NVARCHAR(MAX) NOT NULL CONSTRAINT outbox_data_json CHECK (ISJSON(data) = 1),
    created_at     DATETIME2(6) NOT NULL,
    claimed_until  DATETIME2(6) NULL,
    published_at   DATETIME2(6) NULL
);
CREATE INDEX outbox_by_publication ON outbox (published_at, sequence);

-- The first result of a command that was sent with an Idempotency-Key, committed with its effect. `claim` is the SHA-256 of
-- the caller and the key: a text would ignore spaces at its end.
CREATE TABLE idempotency (
    claim       VARBINARY(32) NOT NULL CONSTRAINT idempotency_pk PRIMARY KEY
                CONSTRAINT idempotency_claim_length CHECK (DATALENGTH(claim) = 32),
    fingerprint VARBINARY(32) NOT NULL CONSTRAINT idempotency_fingerprint_length CHECK (DATALENGTH(fingerprint) = 32),
    request_id  NVARCHAR(200) NOT NULL,
    result      NVARCHAR(MAX) NULL,
    expires_at  DATETIME2(6) NOT NULL
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
GO

-- What the store reads: each row with its JSON document in the shape that the domain reads. A time becomes a DATETIMEOFFSET
-- because FOR JSON then writes its Z. Documents are not nested: not every engine nests what FOR JSON made, nor keeps a CONCAT
-- Unicode that is not told to.
CREATE VIEW category_document AS
SELECT c.category_key, c.id, c.name_key, c.version,
    (SELECT c.id AS id, c.name AS name, p.id AS parentId, c.version AS version,
        CAST(c.created_at AS DATETIMEOFFSET(6)) AS createdAt, CAST(c.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM category AS c LEFT JOIN category AS p ON p.category_key = c.parent_key;
GO

CREATE VIEW product_document AS
SELECT p.product_key, p.id, p.sku,
    (SELECT p.id AS id, p.sku AS sku, p.name AS name, p.description AS description, c.id AS categoryId,
        p.price_minor AS [price.amountMinor], p.currency AS [price.currency], p.status AS status, p.version AS version,
        CAST(p.created_at AS DATETIMEOFFSET(6)) AS createdAt, CAST(p.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM product AS p JOIN category AS c ON c.category_key = p.category_key;
GO

-- The data of the events about products.
CREATE VIEW product_event AS
SELECT p.product_key, p.id, p.version,
    (SELECT p.id AS productId, p.sku AS sku, p.name AS name, c.id AS categoryId,
        p.price_minor AS [price.amountMinor], p.currency AS [price.currency], p.status AS status
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS data
FROM product AS p JOIN category AS c ON c.category_key = p.category_key;
GO

CREATE VIEW stock_document AS
SELECT s.product_key, p.id,
    (SELECT p.id AS productId, p.sku AS sku, s.on_hand AS onHand, s.reserved AS reserved,
        s.on_hand - s.reserved AS available, s.version AS version, CAST(s.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM stock AS s JOIN product AS p ON p.product_key = s.product_key;
GO

-- The data of the events about stock.
CREATE VIEW stock_event AS
SELECT s.product_key, p.id, s.version,
    (SELECT p.id AS productId, p.sku AS sku, s.on_hand AS onHand, s.reserved AS reserved, s.on_hand - s.reserved AS available
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS data
FROM stock AS s JOIN product AS p ON p.product_key = s.product_key;
GO

CREATE VIEW movement_document AS
SELECT m.product_key, m.version,
    (SELECT m.id AS id, m.kind AS kind, m.on_hand_change AS onHandChange, m.reserved_change AS reservedChange,
        m.version AS version, m.order_id AS orderId, m.reason AS reason, CAST(m.at AS DATETIMEOFFSET(6)) AS at
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM stock_movement AS m;
GO

CREATE VIEW customer_document AS
SELECT c.customer_key, c.id, c.email, c.password_hash,
    (SELECT c.id AS id, c.email AS email, c.name AS name, c.role AS role, CAST(c.created_at AS DATETIMEOFFSET(6)) AS createdAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM customer AS c;
GO

CREATE VIEW order_document AS
SELECT o.order_key, o.id, c.id AS customer_id,
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

-- The data of the events about orders.
CREATE VIEW order_event AS
SELECT o.order_key, o.id, o.version,
    CAST(CONCAT(N'{"orderId":"', o.id, N'","customerId":"', c.id, N'","status":"', o.status,
        N'","total":{"amountMinor":', o.total_minor, N',"currency":"', o.currency, N'"},"lines":',
        (SELECT p.id AS productId, l.quantity AS quantity
         FROM order_line AS l JOIN product AS p ON p.product_key = l.product_key
         WHERE l.order_key = o.order_key ORDER BY l.line_number FOR JSON PATH), N'}') AS NVARCHAR(MAX)) AS data
FROM sales_order AS o JOIN customer AS c ON c.customer_key = o.customer_key;
