import { EVENTS_DASHBOARD } from './events.js';
import { FLEET_DASHBOARD } from './fleet.js';
import { GATEWAY_DASHBOARD } from './gateway.js';
import { MONEY_DASHBOARD } from './money.js';
import type { NamedDashboard } from './panel.js';
import { SERVICE_DASHBOARDS } from './services.js';

export const DASHBOARDS: readonly NamedDashboard[] = [
  FLEET_DASHBOARD,
  MONEY_DASHBOARD,
  EVENTS_DASHBOARD,
  GATEWAY_DASHBOARD,
  ...SERVICE_DASHBOARDS,
];
