-- Events are published in nearly their order, so the latest rows know.
SELECT MAX(published_at) AS at FROM (SELECT TOP (1000) published_at FROM outbox ORDER BY sequence DESC) AS latest
