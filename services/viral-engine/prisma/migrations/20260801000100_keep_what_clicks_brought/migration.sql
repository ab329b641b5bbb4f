-- UTM values and sub-ids of a click itself, each up to 200 characters; null: it brought none.
ALTER TABLE click ADD COLUMN brought jsonb CHECK (octet_length(brought::text) <= 20000);

-- Nothing has written to it since links came.
DROP TABLE visitor;
