import { ACCESS_RULES } from './access.js';
import { EVENT_RULES } from './events.js';
import { FLEET_RULES, NAMESPACE_RULES } from './fleet.js';
import { GATEWAY_RULES } from './gateway.js';
import { MONEY_RULES } from './money.js';
import { REQUEST_RULES } from './requests.js';
import { type Alert, isAlert, type Recording, type RuleGroup } from './rule.js';
import { SLO_GROUPS } from './slo.js';
import { STORE_RULES } from './stores.js';
import { TELEMETRY_RULES } from './telemetry.js';

/** Everything that is computed and watched, in the order in which it is written. */
export const RULE_GROUPS: readonly RuleGroup[] = [
  NAMESPACE_RULES,
  ...SLO_GROUPS,
  FLEET_RULES,
  REQUEST_RULES,
  MONEY_RULES,
  EVENT_RULES,
  ACCESS_RULES,
  GATEWAY_RULES,
  STORE_RULES,
  TELEMETRY_RULES,
];

const RULES: readonly (Alert | Recording)[] = RULE_GROUPS.flatMap(({ rules }) => rules);

/** Every alert; one that comes in two severities twice. */
export const ALERTS: readonly Alert[] = RULES.filter((rule): rule is Alert => isAlert(rule));

export const RECORDINGS: readonly Recording[] = RULES.filter((rule): rule is Recording => !isAlert(rule));

export const ALERT_NAMES: readonly string[] = [...new Set(ALERTS.map(({ alert }) => alert))];
