-- Finds accounts and adds to their balances in one statement of the writer. Per account: its key, the stripe to add to,
-- what to add, by how many postings, and the lowest point that the postings which may not overdraw reach on the way,
-- counted from where the balance stands (null: there are none). The outcome is `moved`, with the ids of the accounts,
-- their new balances and last positions in the order asked for, parted by commas; `missing` when an account or its row
-- is not there yet; or `insufficient`. Whatever is not `moved` has changed nothing and holds no lock.
--
-- Rows are locked in the order of the primary key by everybody, so that writers wait for each other and never in a
-- circle: without sequential scans, bitmaps and hashes, whichever way the planner joins goes along that index.
CREATE FUNCTION add_to_balances(tenants uuid[], owners uuid[], currencies text[], kinds text[], stripes smallint[],
                                deltas numeric[], counts bigint[], floors numeric[])
RETURNS TABLE (outcome text, account_ids text, balances text, positions text) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off AS $$
DECLARE
  ids uuid[];
  changed bigint;
  is_short boolean;
BEGIN
  SELECT array_agg(a.id ORDER BY asked.n) INTO ids
  FROM unnest(tenants, owners, currencies, kinds) WITH ORDINALITY AS asked (tenant_id, owner_id, currency, kind, n)
  JOIN account a USING (tenant_id, owner_id, currency, kind);
  outcome := 'missing';
  IF coalesce(cardinality(ids), 0) < cardinality(owners) THEN
    RETURN NEXT;
    RETURN;
  END IF;
  BEGIN
    WITH moved AS (
      UPDATE account_balance b
      SET balance_micros = b.balance_micros + asked.delta, last_position = b.last_position + asked.count
      FROM (SELECT * FROM unnest(tenants, ids, stripes, deltas, counts, floors)
              WITH ORDINALITY AS given (tenant_id, account_id, stripe, delta, count, floor, n)
            ORDER BY tenant_id, account_id, stripe) AS asked
      WHERE b.tenant_id = asked.tenant_id AND b.account_id = asked.account_id AND b.stripe = asked.stripe
      RETURNING asked.n, asked.delta, asked.floor, b.balance_micros AS balance, b.last_position AS last)
    SELECT count(*), bool_or(balance - delta + floor < 0), string_agg(balance::text, ',' ORDER BY n),
           string_agg(last::text, ',' ORDER BY n)
    INTO changed, is_short, balances, positions FROM moved;
    IF changed = cardinality(owners) THEN
      outcome := CASE WHEN is_short THEN 'insufficient' ELSE 'moved' END;
    END IF;
    IF outcome <> 'moved' THEN
      RAISE EXCEPTION 'not moved' USING ERRCODE = 'DD001';
    END IF;
    account_ids := array_to_string(ids, ',');
  EXCEPTION WHEN SQLSTATE 'DD001' THEN
    balances := NULL;
    positions := NULL;
  END;
  RETURN NEXT;
END $$;
