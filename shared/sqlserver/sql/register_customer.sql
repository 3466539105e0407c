-- @P7 id, @P8 e-mail address, @P9 name, @P10 role, @P11 password hash.
INSERT INTO customer (id, email, name, role, password_hash, created_at) VALUES (@P7, @P8, @P9, @P10, @P11, @at);
SELECT @result = document FROM customer_document WHERE id = @P7;
