-- NULL: the body is not kept, because whoever is asked again makes it again from what the work wrote.
ALTER TABLE idempotency_answer ALTER COLUMN body DROP NOT NULL;
