-- The events whose mail to the buyer was sent.
CREATE TABLE order_mail (
    event_id   UNIQUEIDENTIFIER NOT NULL CONSTRAINT order_mail_pk PRIMARY KEY,
    expires_at DATETIME2(6) NOT NULL
);
CREATE INDEX order_mail_by_expiry ON order_mail (expires_at);
