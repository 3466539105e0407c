-- @P7 what, @P8 who, @P9 to whom.
INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, @P7, @P8, @P9, @P3);
