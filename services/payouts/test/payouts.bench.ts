// `npm run bench:payouts -w services/payouts`: a hundred thousand people ask for a payout to their bank account; all are
// screened by every screen there is, with a list of names as long as the largest published one, approved, put into SEPA
// files and settled by a bank's reports. Prints how long each took; only the outcome is asserted, because machines differ.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { sourceHooks } from '@dailydoco/testing';
import { startBooks } from './books.js';

it('pays by files', async () => {
  const books = await startBooks();
  const bench = fork(fileURLToPath(new URL('payouts-process.ts', import.meta.url)), [books.appUrl], {
    execArgv: ['--conditions=@dailydoco/source', '--import', sourceHooks, '--import', '@dailydoco/telemetry/register'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect(await once(bench, 'exit')).toEqual([0, null]);
  await books.stop();
}, 1_800_000);
