-- @P1 kind.
SELECT document, uses FROM pricing_rule WHERE kind = @P1 ORDER BY code
