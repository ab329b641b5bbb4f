/** Parts of the fleet that use processor time of their own. */
export type Component = string;

/** Processor seconds that one call costs each component, what happens after its answer included. */
export type CallCost = Readonly<Record<Component, number>>;

/** What was measured, as it is kept. */
export interface Figures {
  readonly machine: string;
  readonly command: string;
  readonly date: string;
  readonly costs: Readonly<Record<string, CallCost>>;
  /** Growth of all databases by one purchase of seven commissions, outbox and ledger included. */
  readonly databaseBytesPerPurchase: number;
}

/** Assumptions, each stated in the document that is made from them. */
export const ASSUMPTIONS = {
  /** Share of a core that is planned to be busy: room for peaks, failover and the other's garbage. */
  utilisation: 0.5,
  /** Calls of one user who is online, a minute. */
  callsPerUserMinute: {
    site: 1,
    click: 0.3,
    widget: 0.3,
    events: 0.5,
    reads: 0.5,
    login: 0.01,
    register: 0.002,
    purchase: 0.02,
  } as Readonly<Record<string, number>>,
  databaseNodeCores: 32,
  commissionsPerPurchase: 7,
  leastPartitions: 12,
} as const;

/** Components that are databases: they need nodes, not replicas. */
export const DATABASE = 'Postgres';
/** The consumer that works most for a purchase: a partition is worked on by one process, which has one core's worth. */
export const CONSUMER = 'payouts';

export interface Need {
  readonly title: string;
  readonly callsPerSecond: number;
  readonly purchasesPerSecond: number;
  /** Cores by component, headroom included. */
  readonly cores: Readonly<Record<Component, number>>;
  readonly totalCores: number;
  readonly databaseNodes: number;
  readonly partitions: number;
  readonly databaseBytesPerDay: number;
}

interface Demand {
  readonly title: string;
  /** Calls a second by kind; each kind must have been measured. */
  readonly calls: Readonly<Record<string, number>>;
}

/** What so many people who are online at once send. */
export function demandOfUsers(users: number, title: string): Demand {
  const calls = Object.entries(ASSUMPTIONS.callsPerUserMinute).map(([call, perMinute]) => [
    call,
    (users * perMinute) / 60,
  ]);
  return { title, calls: Object.fromEntries(calls) as Record<string, number> };
}

/** Purchases by the bulk stream, as many as pay so many commissions a second. */
export function demandOfCommissions(commissionsPerSecond: number, title: string): Demand {
  return { title, calls: { bulk: commissionsPerSecond / ASSUMPTIONS.commissionsPerPurchase } };
}

/**
 * What a demand needs: for each component, calls a second × seconds of processor time each, over the planned
 * utilisation. Linear on purpose: it says what the work costs, not what contention between so many machines would.
 */
export function needOf({ title, calls }: Demand, figures: Figures): Need {
  const cores: Record<Component, number> = {};
  for (const [call, perSecond] of Object.entries(calls)) {
    const cost = figures.costs[call];
    if (cost === undefined) throw new Error(`the cost of ${call} was not measured`);
    for (const [component, seconds] of Object.entries(cost))
      cores[component] = (cores[component] ?? 0) + (perSecond * seconds) / ASSUMPTIONS.utilisation;
  }
  const purchasesPerSecond = (calls['purchase'] ?? 0) + (calls['bulk'] ?? 0);
  return {
    title,
    callsPerSecond: Object.values(calls).reduce((sum, rate) => sum + rate, 0),
    purchasesPerSecond,
    cores,
    totalCores: Object.values(cores).reduce((sum, some) => sum + some, 0),
    databaseNodes: Math.max(1, Math.ceil((cores[DATABASE] ?? 0) / ASSUMPTIONS.databaseNodeCores)),
    // Each process that consumes has one core's worth, and one partition at least.
    partitions: Math.max(ASSUMPTIONS.leastPartitions, Math.ceil(cores[CONSUMER] ?? 0)),
    databaseBytesPerDay: purchasesPerSecond * 86_400 * figures.databaseBytesPerPurchase,
  };
}

/** Calls a second that one core of the component bears when it does nothing else. */
export function perCore(seconds: number): number {
  return seconds <= 0 ? Infinity : 1 / seconds;
}
