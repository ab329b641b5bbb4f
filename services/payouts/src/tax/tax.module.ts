import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { readPolicies, readThresholds, TaxPolicyStore } from './tax-facts.store.js';
import { publishedTaxNumbers } from './tax-numbers.adapter.js';
import { TaxPolicies } from './tax-policies.js';
import { TaxPolicyHttp } from './tax-policy.http.js';
import { readRecords, recordSealer, TaxRecordStore } from './tax-record.store.js';
import { TaxRecords } from './tax-records.js';
import { TaxRecordsHttp } from './tax-records.http.js';
import { taxReport } from './tax-report.js';
import { TaxReportStore } from './tax-report.store.js';
import { TAX_REPORT, type TaxReport, TaxReportsHttp } from './tax-reports.http.js';

function taxRecords({ pool, clock, config, randomBytes }: Runtime): TaxRecords {
  const sealer = recordSealer({ secret: Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'), randomBytes });
  return new TaxRecords({
    find: async (tenantId, personId) => (await readRecords(pool, [{ tenantId, personId }]))[0],
    inTransaction: (work) => inDatabaseTransaction(pool, (tx) => work(new TaxRecordStore(tx, sealer))),
    numbers: publishedTaxNumbers,
    clock,
  });
}

function taxPolicies({ pool, clock }: Runtime): TaxPolicies {
  return new TaxPolicies({
    read: async (tenantId) => ({
      policy: (await readPolicies(pool, [tenantId])).get(tenantId),
      thresholds: (await readThresholds(pool, [tenantId])).get(tenantId) ?? [],
    }),
    inTransaction: (work) => inDatabaseTransaction(pool, (tx) => work(new TaxPolicyStore(tx))),
    clock,
  });
}

function report({ pool }: Runtime): TaxReport {
  return (query) => taxReport(new TaxReportStore(pool), query);
}

@Module({
  providers: [
    { provide: TaxRecords, useFactory: taxRecords, inject: [RUNTIME] },
    { provide: TaxPolicies, useFactory: taxPolicies, inject: [RUNTIME] },
    { provide: TAX_REPORT, useFactory: report, inject: [RUNTIME] },
  ],
  controllers: [TaxRecordsHttp, TaxPolicyHttp, TaxReportsHttp],
})
export class TaxModule {}
