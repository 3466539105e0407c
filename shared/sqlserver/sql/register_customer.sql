-- @P8 id, @P9 e-mail address, @P10 name, @P11 role, @P12 password hash.
INSERT INTO customer (id, email, name, role, password_hash, created_at) VALUES (@P8, @P9, @P10, @P11, @P12, @at);
SELECT @result = document FROM customer_document WHERE id = @P8;
