import { type ConsumerDefinition, defineConsumer } from '@dailydoco/events';
import { LedgerStore, type LedgerTools } from '../ledger/ledger.store.js';
import { applyMoneyEvents } from './apply-money-events.js';
import { MONEY_EVENT_TYPES, toMoneyEvent } from './money-event.codec.js';
import { ProgressStore } from './progress.store.js';

/** Keeps the ledger in step with viral-engine: one journal for every event that moves money. */
export function moneyEventsConsumer(tools: LedgerTools): ConsumerDefinition {
  return defineConsumer({
    name: 'payouts-ledger',
    topics: ['viral.events.v1'],
    handles: MONEY_EVENT_TYPES,
    async applyBatch(tx, received) {
      const ledger = new LedgerStore(tx, tools);
      const book = new ProgressStore(tx, { ledger, now: tools.clock.now(), received });
      await applyMoneyEvents(book, received.map(toMoneyEvent));
    },
  });
}
