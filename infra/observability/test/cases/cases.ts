import { ACCESS_CASES } from './access-cases.js';
import type { AlertCase } from './alert-case.js';
import { EVENT_CASES } from './event-cases.js';
import { FLEET_CASES } from './fleet-cases.js';
import { GATEWAY_CASES } from './gateway-cases.js';
import { MONEY_CASES } from './money-cases.js';
import { REQUEST_CASES } from './request-cases.js';
import { SLO_CASES } from './slo-cases.js';
import { BACKUP_CASES, STORE_CASES } from './store-cases.js';

/** Those that span hours and days: computed every five minutes only. */
export const LONG_CASES: readonly AlertCase[] = [...SLO_CASES, ...BACKUP_CASES];

export const SHORT_CASES: readonly AlertCase[] = [
  ...FLEET_CASES,
  ...REQUEST_CASES,
  ...MONEY_CASES,
  ...EVENT_CASES,
  ...ACCESS_CASES,
  ...GATEWAY_CASES,
  ...STORE_CASES,
];
