-- The writer finds accounts, adds to their balances and writes the postings in one call, so that ids and balances do not
-- travel to it and back. `add_to_balances` stays for writers of the version before.
--
-- Accounts come in groups of one tenant, currency, kind and stripe, of which a batch has few: `groups` names the place of
-- each account's group, from 1. Per account: what to add, by how many postings, and the lowest point that the postings
-- which may not overdraw reach on the way, counted from where the balance stands (null, or no array at all: there are none).
--
-- Both functions plan once, for few rows, whatever the tables hold: then each account is a look into an index, and each
-- element of an array is found at once, since the arrays are not made constants of a plan.

-- The outcome is `moved`, with ids and with the balances and last positions from before, in the order asked for;
-- `missing` when an account or its row is not there yet; or `insufficient`. Whatever is not `moved` has changed nothing
-- and holds no lock. Rows are locked in the order of the primary key by everybody, so that writers wait for each other
-- and never in a circle: only nested loops are left to the planner, and they go along the sorted accounts.
CREATE FUNCTION move_balances(tenants uuid[], currencies text[], kinds text[], stripes smallint[], owners uuid[],
                              groups int[], deltas numeric[], counts bigint[], floors numeric[])
RETURNS TABLE (outcome text, ids uuid[], balances numeric[], positions bigint[]) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_nestloop = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  changed bigint;
  is_short boolean;
BEGIN
  outcome := 'missing';
  WITH moved AS (
    UPDATE account_balance b
    SET balance_micros = b.balance_micros + asked.delta, last_position = b.last_position + asked.count
    FROM (SELECT a.tenant_id, a.id, stripes[g] AS stripe, given.delta, given.count, given.floor, given.n
          FROM unnest(owners, groups, deltas, counts, floors)
            WITH ORDINALITY AS given (owner_id, g, delta, count, floor, n)
          JOIN account a ON a.tenant_id = tenants[g] AND a.owner_id = given.owner_id
            AND a.currency = currencies[g] AND a.kind = kinds[g]
          ORDER BY a.tenant_id, a.id, stripe) AS asked
    WHERE b.tenant_id = asked.tenant_id AND b.account_id = asked.id AND b.stripe = asked.stripe
    RETURNING asked.n, asked.floor, b.account_id AS id, b.balance_micros - asked.delta AS balance,
              b.last_position - asked.count AS last)
  SELECT count(*), bool_or(balance + floor < 0), array_agg(id ORDER BY n), array_agg(balance ORDER BY n),
         array_agg(last ORDER BY n)
  INTO changed, is_short, ids, balances, positions FROM moved;
  IF changed = cardinality(owners) THEN
    outcome := CASE WHEN is_short THEN 'insufficient' ELSE 'moved' END;
  END IF;
  IF outcome <> 'moved' THEN
    RAISE EXCEPTION 'not moved' USING ERRCODE = 'DD001';
  END IF;
  RETURN NEXT;
EXCEPTION WHEN SQLSTATE 'DD001' THEN
  RETURN NEXT;
END $$;

-- Moves the balances and writes the postings that move them. Per posting, in the order of the batch: the places of its
-- journal and of its account, its amount, and the number and the sum of the account's postings in the batch so far, its
-- own included; of the house's accounts, whose stripes are not 0, both mean nothing. Tells the outcome of move_balances;
-- where that is not `moved`, nothing is written. Refuses the whole where invariant I2 would not hold: what was really
-- posted to an account is what its balance has moved by.
CREATE FUNCTION post_to_accounts(tenants uuid[], currencies text[], kinds text[], stripes smallint[], owners uuid[],
                                 groups int[], deltas numeric[], counts bigint[], floors numeric[], journals uuid[],
                                 of_journals int[], of_accounts int[], amounts bigint[], numbers bigint[], sums numeric[])
RETURNS text LANGUAGE plpgsql SET enable_nestloop = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  outcome text;
  ids uuid[];
  balances numeric[];
  positions bigint[];
  agreed bigint;
BEGIN
  SELECT m.outcome, m.ids, m.balances, m.positions INTO outcome, ids, balances, positions
  FROM move_balances(tenants, currencies, kinds, stripes, owners, groups, deltas, counts, floors) AS m;
  IF outcome <> 'moved' THEN
    RETURN outcome;
  END IF;
  WITH written AS (
    INSERT INTO posting (tenant_id, journal_id, account_id, amount_micros, position, balance_after_micros)
    SELECT tenants[groups[account]], journals[journal], ids[account], amount,
           CASE stripes[groups[account]] WHEN 0 THEN positions[account] + number ELSE nextval('house_position') END,
           CASE stripes[groups[account]] WHEN 0 THEN balances[account] + sum END
    FROM unnest(of_journals, of_accounts, amounts, numbers, sums) AS new (journal, account, amount, number, sum)
    RETURNING tenant_id, account_id, amount_micros),
  posted AS (SELECT tenant_id, account_id, sum(amount_micros) AS sum FROM written GROUP BY tenant_id, account_id)
  SELECT count(*) INTO agreed
  FROM posted JOIN unnest(ids, groups, deltas) AS moved (account_id, g, sum)
    ON moved.account_id = posted.account_id AND tenants[moved.g] = posted.tenant_id AND moved.sum = posted.sum;
  IF agreed <> cardinality(owners) THEN
    RAISE EXCEPTION 'I2: only % of % balances move by what was posted to them', agreed, cardinality(owners);
  END IF;
  RETURN outcome;
END $$;
