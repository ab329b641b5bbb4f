// A process that sends webhooks, for the spec that kills it between an answer and the writing down of it.
import { systemClock } from '@dailydoco/lifecycle';
import { deliveryTasks } from '../src/index.js';
import { givenOf } from './desk.js';

const [appUrl = '', key = ''] = process.argv.slice(2);
const given = givenOf({
  appUrl,
  keyEncryption: Buffer.from(key, 'base64'),
  clock: systemClock,
  env: { WEBHOOK_TIMEOUT_MS: '30000' },
});
const [deliver] = deliveryTasks(given).tasks;
process.once('disconnect', () => process.exit(0));
while (await deliver?.run()) await Promise.resolve();
