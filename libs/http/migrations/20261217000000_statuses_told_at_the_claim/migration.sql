-- Work whose answer can be made again tells the answer's status with the claim, so such a key has no row in idempotency_answer at all.
-- A row there comes first: the work came to another answer after all.
-- Safe beside the previous version: it claims by three arrays, and what it is told of a key without an answer of its own is a status
-- and no body, which it knows.
SET LOCAL lock_timeout = '2s';
ALTER TABLE idempotency_key ADD COLUMN made_again_status smallint CHECK (made_again_status BETWEEN 200 AND 299);

DROP FUNCTION idempotency_claim(text[], text[], integer[]);
-- As before, with the statuses: as many as keys, or nothing.
CREATE FUNCTION idempotency_claim(
  p_key_hashes text[], p_request_hashes text[], p_ttl_hours integer[], p_made_again_statuses smallint[] DEFAULT NULL)
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
      INSERT INTO idempotency_key (key_hash, request_hash, expires_at, made_again_status)
      SELECT decode(asked.k, 'hex'), decode(asked.r, 'hex'), now() + make_interval(hours => asked.t), asked.s
      FROM unnest(p_key_hashes, p_request_hashes, p_ttl_hours, p_made_again_statuses) AS asked (k, r, t, s)
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
        SELECT encode(held.key_hash, 'hex'), encode(held.request_hash, 'hex'),
          COALESCE(answer.status, held.made_again_status), answer.body
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
BEGIN
  EXECUTE format(
    'GRANT EXECUTE ON FUNCTION idempotency_claim(text[], text[], integer[], smallint[]) TO %I',
    current_setting('dailydoco.app_role')
  );
END
$$;
