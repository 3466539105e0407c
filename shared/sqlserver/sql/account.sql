-- @P1 id.
SELECT document, password_hash, sessions_over, session_kept, sealed_secret FROM customer_document WHERE id = @P1
