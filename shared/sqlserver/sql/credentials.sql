-- @P1 e-mail address.
SELECT document, password_hash FROM customer_document WHERE email = @P1
