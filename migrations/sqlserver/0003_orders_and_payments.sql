-- An order is one document that the domain changes; the columns beside it are what the store looks for and what constraints stand
-- behind. Weights, rules of what an order costs, and movements of goods that leave and come back.

ALTER TABLE product ADD weight_grams INT NOT NULL CONSTRAINT product_weight_unknown DEFAULT 0
    CONSTRAINT product_weight_range CHECK (weight_grams BETWEEN 0 AND 1000000);
ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_kind_known;
ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_fits_kind;
ALTER TABLE stock_movement ADD CONSTRAINT stock_movement_kind_known
    CHECK (kind IN (N'placed', N'released', N'shipped', N'returned', N'adjusted'));
ALTER TABLE stock_movement ADD CONSTRAINT stock_movement_fits_kind CHECK (
    (kind = N'placed' AND reserved_change > 0 AND on_hand_change = 0 AND order_id IS NOT NULL)
    OR (kind = N'released' AND reserved_change < 0 AND on_hand_change = 0 AND order_id IS NOT NULL)
    OR (kind = N'shipped' AND reserved_change < 0 AND on_hand_change = reserved_change AND order_id IS NOT NULL)
    OR (kind = N'returned' AND reserved_change = 0 AND on_hand_change > 0 AND order_id IS NOT NULL)
    OR (kind = N'adjusted' AND reserved_change = 0 AND reason IS NOT NULL AND actor IS NOT NULL));
GO

DROP VIEW product_document;
GO

CREATE VIEW product_document AS
SELECT p.product_key, p.id, p.sku,
    (SELECT p.id AS id, p.sku AS sku, p.name AS name, p.description AS description, c.id AS categoryId,
        p.price_minor AS [price.amountMinor], p.currency AS [price.currency], p.weight_grams AS weightGrams, p.status AS status,
        p.version AS version, CAST(p.created_at AS DATETIMEOFFSET(6)) AS createdAt,
        CAST(p.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
     FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS document
FROM product AS p JOIN category AS c ON c.category_key = p.category_key;
GO

DROP VIEW order_document;
GO

DROP VIEW order_event;
GO

-- The orders that are there, as documents. The table is made anew, because not every engine widens a column that has a collation.
CREATE TABLE moving_order (
    order_key    BIGINT NOT NULL CONSTRAINT moving_order_pk PRIMARY KEY,
    id           UNIQUEIDENTIFIER NOT NULL,
    customer_key BIGINT NOT NULL,
    status       NVARCHAR(20) COLLATE Latin1_General_BIN2 NOT NULL,
    currency     NVARCHAR(3) COLLATE Latin1_General_BIN2 NOT NULL,
    total_minor  BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    placed_at    DATETIME2(6) NOT NULL,
    updated_at   DATETIME2(6) NOT NULL,
    document     NVARCHAR(MAX) NOT NULL
);
GO

-- Orders from before had no payments: they wait for one without an end, or were cancelled.
INSERT INTO moving_order (order_key, id, customer_key, status, currency, total_minor, version, placed_at, updated_at, document)
SELECT o.order_key, o.id, o.customer_key, o.new_status, o.currency, o.total_minor, o.version, o.placed_at, o.updated_at,
    CAST(CONCAT(
        N'{"id":"', o.id, N'","number":"S-', YEAR(o.placed_at), N'-',
        REPLICATE(N'0', 6 - LEN(o.order_key)), o.order_key,
        N'","customerId":"', c.id, N'","status":"', o.new_status, N'","fulfilment":"unfulfilled"',
        CASE WHEN o.status = N'cancelled' THEN N',"ended":"cancelled"' END,
        N',"lines":', (
            SELECT p.id AS productId, l.sku AS sku, l.name AS name, l.quantity AS quantity,
                l.unit_price_minor AS [unitPrice.amountMinor], l.currency AS [unitPrice.currency],
                l.unit_price_minor * l.quantity AS [lineTotal.amountMinor], l.currency AS [lineTotal.currency],
                0 AS [discount.amountMinor], l.currency AS [discount.currency],
                0 AS [tax.amountMinor], l.currency AS [tax.currency],
                l.unit_price_minor * l.quantity AS [total.amountMinor], l.currency AS [total.currency],
                0 AS shipped, CASE WHEN o.status = N'cancelled' THEN l.quantity ELSE 0 END AS cancelled, 0 AS returned, 0 AS refunded
            FROM order_line AS l JOIN product AS p ON p.product_key = l.product_key
            WHERE l.order_key = o.order_key ORDER BY l.line_number FOR JSON PATH),
        N',"totals":{"goods":', o.total, N',"discount":', o.nothing, N',"shipping":', o.nothing, N',"shippingTax":', o.nothing,
        N',"tax":', o.nothing, N',"grandTotal":', o.total, N',"paid":', o.nothing, N',"refunded":', o.nothing,
        N'},"tax":{"basisPoints":0,"isIncluded":false},"shippingAddress":',
        -- Told, because the texts that are joined here do not all compare by the same rules.
        COALESCE(o.shipping_address, N'null') COLLATE Latin1_General_BIN2,
        N',"payments":[],"shipments":[],"returns":[],"notes":[],"history":[', (
            SELECT 1 AS version, CAST(o.placed_at AS DATETIMEOFFSET(6)) AS at, N'placed' AS step, o.first_status AS status, c.id AS actor
            FOR JSON PATH, WITHOUT_ARRAY_WRAPPER),
        CASE WHEN o.status = N'cancelled' THEN CONCAT(N',', (
            SELECT o.version AS version, CAST(o.updated_at AS DATETIMEOFFSET(6)) AS at, N'cancelled' AS step, N'cancelled' AS status
            FOR JSON PATH, WITHOUT_ARRAY_WRAPPER)) END,
        N'],"version":', o.version, N',',
        -- The times of an object, without its brace.
        STUFF((
            SELECT CAST(o.placed_at AS DATETIMEOFFSET(6)) AS placedAt, CAST(o.updated_at AS DATETIMEOFFSET(6)) AS updatedAt
            FOR JSON PATH, WITHOUT_ARRAY_WRAPPER), 1, 1, N'')) AS NVARCHAR(MAX))
FROM (
    SELECT order_key, id, customer_key, status, currency, total_minor, shipping_address, version, placed_at, updated_at,
        CASE WHEN total_minor = 0 THEN N'paid' ELSE N'pending_payment' END AS first_status,
        CASE WHEN status = N'cancelled' THEN N'cancelled' WHEN total_minor = 0 THEN N'paid' ELSE N'pending_payment' END AS new_status,
        CONCAT(N'{"amountMinor":', total_minor, N',"currency":"', currency, N'"}') AS total,
        CONCAT(N'{"amountMinor":0,"currency":"', currency, N'"}') AS nothing
    FROM sales_order) AS o
JOIN customer AS c ON c.customer_key = o.customer_key;
GO

ALTER TABLE order_line DROP CONSTRAINT order_line_order;
DROP TABLE sales_order;
GO

-- `document` is the order as the domain reads it; the columns before it say the same, but for `order_key`, which its number counts by.
-- `expires_at`: it expires then, if nothing happens. `unsettled_since`: a payment provider owes an answer. Nothing compares the times:
-- an order is changed moments after it was placed, by machines whose clocks differ.
CREATE TABLE sales_order (
    order_key       BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT sales_order_pk PRIMARY KEY,
    id              UNIQUEIDENTIFIER NOT NULL CONSTRAINT sales_order_id_unique UNIQUE,
    customer_key    BIGINT NOT NULL CONSTRAINT sales_order_customer REFERENCES customer (customer_key),
    status          NVARCHAR(20) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT sales_order_status_known CHECK (status IN (
                        N'pending_payment', N'paid', N'partially_shipped', N'shipped', N'delivered', N'cancelled', N'expired',
                        N'partially_refunded', N'refunded', N'under_review')),
    currency        NVARCHAR(3) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT sales_order_currency_code CHECK (LEN(currency) = 3),
    total_minor     BIGINT NOT NULL CONSTRAINT sales_order_total_range CHECK (total_minor BETWEEN 0 AND 9007199254740991),
    paid_minor      BIGINT NOT NULL CONSTRAINT sales_order_paid_nothing DEFAULT 0
                    CONSTRAINT sales_order_paid_range CHECK (paid_minor BETWEEN 0 AND 9007199254740991),
    refunded_minor  BIGINT NOT NULL CONSTRAINT sales_order_refunded_nothing DEFAULT 0
                    CONSTRAINT sales_order_refunded_not_negative CHECK (refunded_minor >= 0),
    version         BIGINT NOT NULL CONSTRAINT sales_order_version_positive CHECK (version > 0),
    placed_at       DATETIME2(6) NOT NULL,
    updated_at      DATETIME2(6) NOT NULL,
    expires_at      DATETIME2(6) NULL,
    unsettled_since DATETIME2(6) NULL,
    document        NVARCHAR(MAX) NOT NULL CONSTRAINT sales_order_document_json CHECK (ISJSON(document) = 1),
    CONSTRAINT sales_order_refunds_what_was_paid CHECK (refunded_minor <= paid_minor)
);
-- One for each list of orders. Few orders wait at a time.
CREATE INDEX sales_order_by_customer ON sales_order (customer_key, order_key);
CREATE INDEX sales_order_by_status ON sales_order (status, order_key);
CREATE INDEX sales_order_by_age ON sales_order (placed_at, order_key);
CREATE INDEX sales_order_by_expiry ON sales_order (expires_at, order_key) WHERE expires_at IS NOT NULL;
CREATE INDEX sales_order_by_unsettled ON sales_order (unsettled_since, order_key) WHERE unsettled_since IS NOT NULL;
GO

SET IDENTITY_INSERT sales_order ON;
INSERT INTO sales_order (order_key, id, customer_key, status, currency, total_minor, version, placed_at, updated_at, document)
SELECT order_key, id, customer_key, status, currency, total_minor, version, placed_at, updated_at, document FROM moving_order;
SET IDENTITY_INSERT sales_order OFF;
DROP TABLE moving_order;
ALTER TABLE order_line ADD CONSTRAINT order_line_order FOREIGN KEY (order_key) REFERENCES sales_order (order_key);
GO

-- What tells of the orders, and what their commands are answered with again, takes the same form.
UPDATE outbox
SET data = CAST(CONCAT(
    N'{"orderId":"', o.id, N'","number":"', JSON_VALUE(o.document, N'$.number'), N'","customerId":"',
    JSON_VALUE(o.document, N'$.customerId'), N'","status":"',
    CASE outbox.type WHEN N'souk.OrderPlaced' THEN JSON_VALUE(o.document, N'$.history[0].status') ELSE N'cancelled' END,
    N'","fulfilment":"unfulfilled","steps":["', CASE outbox.type WHEN N'souk.OrderPlaced' THEN N'placed' ELSE N'cancelled' END,
    N'"],"total":', JSON_QUERY(o.document, N'$.totals.grandTotal'), N',"paid":', JSON_QUERY(o.document, N'$.totals.paid'),
    N',"refunded":', JSON_QUERY(o.document, N'$.totals.refunded'), N',"lines":', JSON_QUERY(outbox.data, N'$.lines'),
    N'}') AS NVARCHAR(MAX))
FROM sales_order AS o
WHERE o.id = outbox.subject AND outbox.type IN (N'souk.OrderPlaced', N'souk.OrderCancelled');
-- Looked into only where it is an order: other results are no JSON that every engine reads.
UPDATE idempotency SET result = o.document
FROM sales_order AS o
WHERE o.id = CAST(
    CASE WHEN LEFT(idempotency.result, 9) = N'{"order":' THEN JSON_VALUE(idempotency.result, N'$.order.id') END AS UNIQUEIDENTIFIER);
GO

-- The rules of what an order costs, each by its name among those of its kind. `document` is the rule as the domain reads it; the limits
-- of coupons are columns as well, because what compares them with `uses` must do so where it changes them.
CREATE TABLE pricing_rule (
    kind                  NVARCHAR(20) COLLATE Latin1_General_BIN2 NOT NULL
                          CONSTRAINT pricing_rule_kind_known CHECK (kind IN (N'tax_rate', N'shipping_method', N'coupon')),
    code                  NVARCHAR(40) COLLATE Latin1_General_BIN2 NOT NULL
                          CONSTRAINT pricing_rule_code_filled CHECK (DATALENGTH(code) > 0),
    document              NVARCHAR(MAX) NOT NULL CONSTRAINT pricing_rule_document_json CHECK (ISJSON(document) = 1),
    uses                  BIGINT NOT NULL CONSTRAINT pricing_rule_unused DEFAULT 0
                          CONSTRAINT pricing_rule_uses_not_negative CHECK (uses >= 0),
    max_uses              BIGINT NULL CONSTRAINT pricing_rule_max_positive CHECK (max_uses > 0),
    max_uses_per_customer BIGINT NULL CONSTRAINT pricing_rule_max_per_customer_positive CHECK (max_uses_per_customer > 0),
    created_at            DATETIME2(6) NOT NULL,
    updated_at            DATETIME2(6) NOT NULL,
    CONSTRAINT pricing_rule_pk PRIMARY KEY (kind, code),
    CONSTRAINT pricing_rule_limits_coupons CHECK (kind = N'coupon' OR (max_uses IS NULL AND max_uses_per_customer IS NULL))
);

-- How many orders of a customer use a coupon. Changed by whoever changed the coupon's rule first. Outlives the coupon: one that comes
-- back remembers.
CREATE TABLE coupon_use (
    code         NVARCHAR(40) COLLATE Latin1_General_BIN2 NOT NULL,
    customer_key BIGINT NOT NULL CONSTRAINT coupon_use_customer REFERENCES customer (customer_key),
    uses         BIGINT NOT NULL CONSTRAINT coupon_use_not_negative CHECK (uses >= 0),
    CONSTRAINT coupon_use_pk PRIMARY KEY (code, customer_key)
);
