-- @P7 id, @P8 document, @P9 what it wants to hear of as JSON, @P10 who makes it.
INSERT INTO webhook (id, is_active, version, document) VALUES (@P7, 1, 1, @P8);
INSERT INTO webhook_subscription (type, webhook_key, kind, since)
SELECT wish.type, w.webhook_key, wish.kind, CAST(wish.since AS DATETIME2(6))
FROM OPENJSON(@P9) WITH (type NVARCHAR(100), kind NVARCHAR(12), since NVARCHAR(40)) AS wish JOIN webhook AS w ON w.id = @P7;
INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'webhook_created', @P10, @P7, @P3);
SET @result = @P8;
