-- @P1 how many at once, @P2 published after.
SET NOCOUNT ON;
UPDATE TOP (@P1) outbox SET published_at = NULL, claimed_until = NULL WHERE published_at > CAST(@P2 AS DATETIME2(6));
SELECT @@ROWCOUNT AS changed
