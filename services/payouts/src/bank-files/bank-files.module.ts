import { inDatabaseTransaction } from '@dailydoco/database';
import { repeat } from '@dailydoco/service';
import { gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import type { Payout } from '../payouts/payout.js';
import { measureSteps } from '../payouts/payout-measures.module.js';
import { PayoutStore } from '../payouts/payout.store.js';
import { receiveReports } from '../payouts/receive-reports.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { BankFileReadStore, oldestWaitingSeconds } from './bank-file-reads.store.js';
import { BankFileStore } from './bank-file.store.js';
import { BankFiles } from './bank-files.js';
import { BankFilesHttp } from './bank-files.http.js';
import { readBankFile } from './read-bank-file.codec.js';
import { FACTS_AT_A_TIME, reportFacts, type TellReports } from './report-facts.js';

/** Finance looks at what a file did soon after it was brought in. */
const REPORT_EVERY_MS = 1_000;
const MEASURE_EVERY_MS = 15_000;

const oldestWaiting = gauge('dailydoco_bank_facts_oldest_waiting_age_seconds');

function bankFiles({ pool, idempotency, clock, newId }: Runtime): BankFiles {
  return new BankFiles({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new BankFileStore(tx))),
    reads: new BankFileReadStore(pool),
    readFile: readBankFile,
    clock,
    newId,
  });
}

/** What tells payouts what banks' files say, and measures how long that takes. */
export function addBankFileWork(runtime: Runtime): void {
  const { pool, clock } = runtime;
  repeat(runtime, { name: 'bank-files', everyMs: REPORT_EVERY_MS, run: () => reportBankFacts(runtime) });
  repeat(runtime, {
    name: 'bank-file-age',
    everyMs: MEASURE_EVERY_MS,
    run: async () => {
      oldestWaiting.set(await oldestWaitingSeconds(pool, clock.now()));
      return false;
    },
  });
}

/** One round of telling. True when there is more to do at once. */
export async function reportBankFacts(
  runtime: Pick<Runtime, 'pool' | 'outbox' | 'clock' | 'newId' | 'randomBytes'>,
): Promise<boolean> {
  const { pool, outbox, clock } = runtime;
  const { told, changed } = await inDatabaseTransaction(pool, async (tx) => {
    const payouts = new PayoutStore(tx, { ledger: new LedgerStore(tx, runtime), outbox });
    const now = clock.now();
    const taken: Payout[] = [];
    const tell: TellReports = async (reports) => {
      const received = await receiveReports(payouts, reports, now);
      taken.push(...received.changed);
      return received.applied;
    };
    return { told: await reportFacts(new BankFileStore(tx), tell, now), changed: taken };
  });
  measureSteps(changed);
  return told === FACTS_AT_A_TIME;
}

@Module({
  providers: [{ provide: BankFiles, useFactory: bankFiles, inject: [RUNTIME] }],
  controllers: [BankFilesHttp],
})
export class BankFilesModule {}
