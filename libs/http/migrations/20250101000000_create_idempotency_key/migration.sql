-- Answers kept under the Idempotency-Key of the request that got them. A key is claimed at the start of the work's own
-- database transaction and its answer added at the end, so key, work and answer are committed together or not at all.
-- Two tables, because claims and answers are then only ever inserted and purged: completing the claim by an UPDATE
-- leaves a dead row behind for every request.
CREATE TABLE idempotency_key (
  -- SHA-256 of tenant, caller, method, path and key.
  key_hash     bytea       NOT NULL PRIMARY KEY CHECK (octet_length(key_hash) = 32),
  -- SHA-256 of the parsed input.
  request_hash bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
  expires_at   timestamptz NOT NULL
);

CREATE INDEX idempotency_key_expires_at ON idempotency_key (expires_at);

CREATE TABLE idempotency_answer (
  -- Of the key that it belongs to; it goes when the key goes. No foreign key: its check would cost as much as the row.
  key_hash bytea    NOT NULL PRIMARY KEY,
  status   smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
  -- The JSON of the answer's body.
  body     text     NOT NULL
);

-- Claims keys for the calling database transaction and returns the rows of those that others hold already. Keys must
-- be distinct; they are claimed in sorted order, so that two groups cannot deadlock. A key that another database
-- transaction is working on is waited for, 2 s at most per key, then lock_not_available (55P03) is raised. The setting
-- ends with the function, so the work's own statements wait as usual.
CREATE FUNCTION idempotency_claim(p_key_hashes text[], p_request_hashes text[], p_ttl_hours integer[])
RETURNS TABLE (key_hash text, request_hash text, status smallint, body text)
LANGUAGE plpgsql
VOLATILE
SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
  v_total    CONSTANT integer := cardinality(p_key_hashes);
  v_claimed  bytea[];
  v_held     bytea[];
  v_attempts integer := 0;
BEGIN
  LOOP
    WITH inserted AS (
      INSERT INTO idempotency_key (key_hash, request_hash, expires_at)
      SELECT decode(asked.k, 'hex'), decode(asked.r, 'hex'), now() + make_interval(hours => asked.t)
      FROM unnest(p_key_hashes, p_request_hashes, p_ttl_hours) AS asked (k, r, t)
      WHERE v_claimed IS NULL OR decode(asked.k, 'hex') <> ALL (v_claimed)
      ORDER BY asked.k
      ON CONFLICT (key_hash) DO NOTHING
      RETURNING key_hash
    )
    SELECT COALESCE(v_claimed, '{}') || COALESCE(array_agg(inserted.key_hash), '{}') INTO v_claimed FROM inserted;

    EXIT WHEN cardinality(v_claimed) = v_total;

    -- Somebody has the rest. What has expired is as good as gone, and what is gone by now (purged, or freed by a
    -- refusal) is free: both are claimed in the next round.
    WITH expired AS (
      DELETE FROM idempotency_key
      WHERE key_hash IN (SELECT decode(asked.k, 'hex') FROM unnest(p_key_hashes) AS asked (k))
        AND key_hash <> ALL (v_claimed)
        AND expires_at <= now()
      RETURNING key_hash
    )
    DELETE FROM idempotency_answer WHERE key_hash IN (SELECT expired.key_hash FROM expired);

    SELECT COALESCE(array_agg(held.key_hash), '{}') INTO v_held
    FROM idempotency_key held
    WHERE held.key_hash IN (SELECT decode(asked.k, 'hex') FROM unnest(p_key_hashes) AS asked (k))
      AND held.key_hash <> ALL (v_claimed);

    IF cardinality(v_claimed) + cardinality(v_held) = v_total THEN
      RETURN QUERY
        SELECT encode(held.key_hash, 'hex'), encode(held.request_hash, 'hex'), answer.status, answer.body
        FROM idempotency_key held
        LEFT JOIN idempotency_answer answer ON answer.key_hash = held.key_hash
        WHERE held.key_hash = ANY (v_held);
      RETURN;
    END IF;

    v_attempts := v_attempts + 1;
    IF v_attempts >= 10 THEN
      RAISE EXCEPTION 'idempotency keys kept changing hands' USING ERRCODE = 'lock_not_available';
    END IF;
  END LOOP;
END
$$;

DO $$
DECLARE
  v_app_role CONSTANT text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON idempotency_key, idempotency_answer TO %I', v_app_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION idempotency_claim(text[], text[], integer[]) TO %I', v_app_role);
  -- The purge locks what it deletes, and locking a row needs the right to update one.
  EXECUTE format('GRANT UPDATE (expires_at) ON idempotency_key TO %I', v_app_role);
END
$$;
