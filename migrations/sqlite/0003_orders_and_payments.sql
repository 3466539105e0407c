-- An order is a document that the domain changes; the columns beside it are what lists, sweeps and constraints need. `expires_at`: it
-- expires then if nothing happens. `unsettled_since`: a payment provider owes an answer.
ALTER TABLE product ADD COLUMN weight_grams INTEGER NOT NULL DEFAULT 0 CHECK (weight_grams BETWEEN 0 AND 1000000);

ALTER TABLE order_line RENAME TO old_order_line;
ALTER TABLE sales_order RENAME TO old_sales_order;

CREATE TABLE sales_order (
    order_key       INTEGER PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    customer_key    INTEGER NOT NULL REFERENCES customer (customer_key),
    status          TEXT    NOT NULL CHECK (status IN ('pending_payment', 'paid', 'partially_shipped', 'shipped', 'delivered',
                                                       'cancelled', 'expired', 'partially_refunded', 'refunded', 'under_review')),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    total_minor     INTEGER NOT NULL CHECK (total_minor BETWEEN 0 AND 9007199254740991),
    paid_minor      INTEGER NOT NULL CHECK (paid_minor BETWEEN 0 AND 9007199254740991),
    refunded_minor  INTEGER NOT NULL CHECK (refunded_minor >= 0),
    version         INTEGER NOT NULL CHECK (version > 0),
    placed_at       INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    unsettled_since INTEGER,
    document        TEXT    NOT NULL CHECK (json_valid(document)),
    CONSTRAINT sales_order_refunds_what_was_paid CHECK (refunded_minor <= paid_minor)
) STRICT;

-- Orders from before had no payments: they wait for one without an end, cost nothing, or were cancelled.
INSERT INTO sales_order
SELECT o.order_key, o.id, o.customer_key, CASE WHEN o.status <> 'placed' THEN 'cancelled' WHEN o.total_minor = 0 THEN 'paid' ELSE 'pending_payment' END, o.currency,
    o.total_minor, 0, 0, o.version, o.placed_at, o.updated_at, NULL, NULL,
    json_object(
        'id', t.id, 'number', t.number, 'customerId', t.customer_id,
        'status', CASE WHEN o.status <> 'placed' THEN 'cancelled' WHEN o.total_minor = 0 THEN 'paid' ELSE 'pending_payment' END,
        'fulfilment', 'unfulfilled', 'ended', CASE o.status WHEN 'placed' THEN NULL ELSE 'cancelled' END,
        'lines', (
            SELECT json_group_array(json_object(
                'productId', lower(printf('%s-%s-%s-%s-%s', substr(hex(p.id), 1, 8), substr(hex(p.id), 9, 4), substr(hex(p.id), 13, 4),
                    substr(hex(p.id), 17, 4), substr(hex(p.id), 21))),
                'sku', l.sku, 'name', l.name, 'quantity', l.quantity,
                'unitPrice', json_object('amountMinor', l.unit_price_minor, 'currency', o.currency),
                'lineTotal', json_object('amountMinor', l.unit_price_minor * l.quantity, 'currency', o.currency),
                'discount', json_object('amountMinor', 0, 'currency', o.currency),
                'tax', json_object('amountMinor', 0, 'currency', o.currency),
                'total', json_object('amountMinor', l.unit_price_minor * l.quantity, 'currency', o.currency),
                'shipped', 0, 'cancelled', CASE o.status WHEN 'placed' THEN 0 ELSE l.quantity END, 'returned', 0, 'refunded', 0))
            FROM (SELECT * FROM old_order_line WHERE order_key = o.order_key ORDER BY line_number) AS l
            JOIN product AS p USING (product_key)),
        'totals', json_object(
            'goods', json_object('amountMinor', o.total_minor, 'currency', o.currency),
            'discount', json_object('amountMinor', 0, 'currency', o.currency),
            'shipping', json_object('amountMinor', 0, 'currency', o.currency),
            'shippingTax', json_object('amountMinor', 0, 'currency', o.currency),
            'tax', json_object('amountMinor', 0, 'currency', o.currency),
            'grandTotal', json_object('amountMinor', o.total_minor, 'currency', o.currency),
            'paid', json_object('amountMinor', 0, 'currency', o.currency),
            'refunded', json_object('amountMinor', 0, 'currency', o.currency)),
        'tax', json_object('basisPoints', 0, 'isIncluded', json('false')),
        'shippingAddress', json(coalesce(o.shipping_address, 'null')),
        'payments', json('[]'), 'shipments', json('[]'), 'returns', json('[]'), 'notes', json('[]'),
        'history', CASE o.status
            WHEN 'placed' THEN json_array(
                json_object('version', 1, 'at', t.placed_at, 'step', 'placed', 'status', 'pending_payment', 'actor', t.customer_id))
            ELSE json_array(
                json_object('version', 1, 'at', t.placed_at, 'step', 'placed', 'status', 'pending_payment', 'actor', t.customer_id),
                json_object('version', o.version, 'at', t.updated_at, 'step', 'cancelled', 'status', 'cancelled'))
            END,
        'version', o.version, 'placedAt', t.placed_at, 'updatedAt', t.updated_at)
FROM old_sales_order AS o
JOIN (
    SELECT o.order_key,
        lower(printf('%s-%s-%s-%s-%s', substr(hex(o.id), 1, 8), substr(hex(o.id), 9, 4), substr(hex(o.id), 13, 4),
            substr(hex(o.id), 17, 4), substr(hex(o.id), 21))) AS id,
        lower(printf('%s-%s-%s-%s-%s', substr(hex(c.id), 1, 8), substr(hex(c.id), 9, 4), substr(hex(c.id), 13, 4),
            substr(hex(c.id), 17, 4), substr(hex(c.id), 21))) AS customer_id,
        printf('S-%s-%06d', strftime('%Y', o.placed_at / 1000000, 'unixepoch'), o.order_key) AS number,
        strftime('%Y-%m-%dT%H:%M:%S', o.placed_at / 1000000, 'unixepoch') || printf('.%06dZ', o.placed_at % 1000000) AS placed_at,
        strftime('%Y-%m-%dT%H:%M:%S', o.updated_at / 1000000, 'unixepoch') || printf('.%06dZ', o.updated_at % 1000000) AS updated_at
    FROM old_sales_order AS o JOIN customer AS c USING (customer_key)
) AS t USING (order_key);
-- The lines are in the document.
DROP TABLE old_order_line;
DROP TABLE old_sales_order;
-- What tells of them, and what their commands are answered with again, takes the same form.
UPDATE outbox SET event = json_set(event,
    '$.data.number', (SELECT document ->> '$.number' FROM sales_order WHERE id = unhex(replace(event ->> '$.subject', '-', ''))),
    '$.data.status', CASE event ->> '$.type' WHEN 'souk.OrderPlaced' THEN 'pending_payment' ELSE 'cancelled' END,
    '$.data.fulfilment', 'unfulfilled',
    '$.data.steps', json_array(CASE event ->> '$.type' WHEN 'souk.OrderPlaced' THEN 'placed' ELSE 'cancelled' END),
    '$.data.paid', json_object('amountMinor', 0, 'currency', event ->> '$.data.total.currency'),
    '$.data.refunded', json_object('amountMinor', 0, 'currency', event ->> '$.data.total.currency'))
WHERE event ->> '$.type' LIKE 'souk.Order%';
UPDATE idempotency SET result = (SELECT document FROM sales_order WHERE id = unhex(replace(result ->> '$.id', '-', '')))
WHERE result ->> '$.placedAt' IS NOT NULL;
CREATE INDEX sales_order_by_customer ON sales_order (customer_key, order_key);
CREATE INDEX sales_order_by_status ON sales_order (status, order_key);
CREATE INDEX sales_order_by_time ON sales_order (placed_at, order_key);
CREATE INDEX sales_order_unpaid ON sales_order (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX sales_order_unsettled ON sales_order (unsettled_since) WHERE unsettled_since IS NOT NULL;

-- The ledger learns that pieces leave the house and come back.
ALTER TABLE stock_movement RENAME TO old_stock_movement;
CREATE TABLE stock_movement (
    product_key     INTEGER NOT NULL REFERENCES product (product_key),
    version         INTEGER NOT NULL,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    kind            TEXT    NOT NULL CHECK (kind IN ('placed', 'released', 'shipped', 'returned', 'adjusted')),
    on_hand_change  INTEGER NOT NULL,
    reserved_change INTEGER NOT NULL,
    order_id        BLOB,
    reason          TEXT,
    actor           BLOB,
    at              INTEGER NOT NULL,
    PRIMARY KEY (product_key, version)
) STRICT, WITHOUT ROWID;
INSERT INTO stock_movement SELECT * FROM old_stock_movement;
DROP TABLE old_stock_movement;

-- The shop's rules of what an order costs, as documents of the domain. `uses`: orders that use a coupon.
CREATE TABLE pricing_rule (
    kind                  TEXT    NOT NULL CHECK (kind IN ('tax_rate', 'shipping_method', 'coupon')),
    code                  TEXT    NOT NULL,
    document              TEXT    NOT NULL CHECK (json_valid(document)),
    uses                  INTEGER NOT NULL DEFAULT 0 CHECK (uses >= 0),
    max_uses              INTEGER CHECK (max_uses > 0),
    max_uses_per_customer INTEGER CHECK (max_uses_per_customer > 0),
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;

-- How many orders of a customer use a coupon. Outlives the coupon: one that comes back remembers.
CREATE TABLE coupon_use (
    code         TEXT    NOT NULL,
    customer_key INTEGER NOT NULL REFERENCES customer (customer_key),
    uses         INTEGER NOT NULL CHECK (uses >= 0),
    PRIMARY KEY (code, customer_key)
) STRICT, WITHOUT ROWID;
