import type { Sql } from '@dailydoco/database';
import { asPayoutMethodId, type PayoutMethodId, type TenantId } from '../../ids.js';
import type { Destinations, OpenDestination } from '../../methods/destinations.js';
import type { SandboxDestination } from './sandbox-destination.adapter.js';

/** Sandbox methods, whose details are no secret and stand in the open. */
export class SandboxDestinations implements Destinations {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async open(
    methods: readonly { readonly tenantId: TenantId; readonly methodId: PayoutMethodId }[],
  ): Promise<ReadonlyMap<PayoutMethodId, OpenDestination>> {
    const { rows } = await this.#sql.query<{ id: string; outcome: SandboxDestination['outcome'] }>(
      `SELECT m.id, m.sandbox_outcome AS outcome FROM payout_method m
       WHERE (m.tenant_id, m.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
      [methods.map(({ tenantId }) => tenantId), methods.map(({ methodId }) => methodId)],
    );
    return new Map(
      rows.map(({ id, outcome }) => {
        const destination: SandboxDestination = {
          outcome,
          delaySeconds: 0,
          loseAnswers: 0,
          refuse: false,
          feeMicros: '0',
        };
        return [asPayoutMethodId(id), { kind: 'sandbox', destination, heldUntil: undefined }] as const;
      }),
    );
  }
}
