import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { RiskRules } from './risk-rules.js';
import { RiskRulesHttp } from './risk-rules.http.js';
import { readRuleRecords, readTunings, TuningStore } from './tuning.store.js';

function riskRules({ pool, clock }: Runtime): RiskRules {
  return new RiskRules({
    read: async (tenantId) => (await readTunings(pool, [tenantId])).get(tenantId),
    records: (tenantId) => readRuleRecords(pool, tenantId),
    inTransaction: (work) => inDatabaseTransaction(pool, (tx) => work(new TuningStore(tx))),
    clock,
  });
}

@Module({
  providers: [{ provide: RiskRules, useFactory: riskRules, inject: [RUNTIME] }],
  controllers: [RiskRulesHttp],
})
export class RiskModule {}
