-- @P1 e-mail address.
SELECT document, password_hash, sessions_over, session_kept, sealed_secret FROM customer_document WHERE email = @P1
