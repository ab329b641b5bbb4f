-- What was sold, finer than the stream: a plan that names the tag takes the purchase from one that names the stream.

ALTER TABLE plan_version ADD COLUMN product_tags text[] NOT NULL DEFAULT '{}';
-- Null: the purchase carries none.
ALTER TABLE purchase ADD COLUMN product_tag text;
