SELECT document FROM category_document ORDER BY name_key
