/** One way in which a fleet may be busy. */
export interface LoadScenario {
  readonly name: string;
  /** Iterations begun each second when nobody says otherwise: what two cores bear beside stores and load. */
  readonly rate: number;
  /** Calls that it makes, as the report names them. Empty: see `missing`. */
  readonly calls: readonly string[];
  /** Why it cannot be run yet: the feature is not built. */
  readonly missing?: string;
}

/** The nine scenarios, by name; each that can run has its script in `scenarios/`. */
export const LOAD_SCENARIOS: readonly LoadScenario[] = [
  { name: 'viral_activity_burst', rate: 150, calls: ['click', 'referrals', 'events', 'register'] },
  { name: 'commission_calculation_peak', rate: 100, calls: ['purchase', 'commissions'] },
  { name: 'massive_signup_wave', rate: 15, calls: ['register'] },
  {
    name: 'enterprise_customer_onboarding',
    rate: 1,
    calls: ['tenant', 'owner login', 'api key', 'register', 'users me'],
  },
  {
    name: 'global_viral_event_simulation',
    rate: 100,
    calls: ['site', 'click', 'widget event', 'events', 'purchase', 'balance', 'commissions', 'referrals', 'login'],
  },
  { name: 'website_traffic_spike', rate: 300, calls: ['site'] },
  { name: 'viral_widget_click_storm', rate: 200, calls: ['click', 'widget event'] },
  {
    name: 'template_marketplace_rush',
    rate: 50,
    calls: [],
    missing: 'templates cannot be bought or sold yet; three ship with the service',
  },
  {
    name: 'domain_registration_peak',
    rate: 10,
    calls: [],
    missing: 'sites live under /sites/{slug}; own domains are not built yet',
  },
];

export function scenarioNamed(name: string): LoadScenario | undefined {
  return LOAD_SCENARIOS.find((scenario) => scenario.name === name);
}
