import { withoutGenerated } from './goldens.js';
import { type Example, render, type Rendering } from './helm.js';
import { diffObjects } from './object-diff.js';

/** An upgrade whose effect is written down: from one rendering to another. */
export interface Upgrade {
  readonly file: string;
  readonly title: string;
  readonly from: Rendering;
  readonly to: Rendering;
}

/** An upgrade of a running release of an example, which changes the values given and nothing else. */
function upgrade(example: Example, file: string, title: string, values: object): Upgrade {
  return { file, title, from: { example, upgrade: true }, to: { example, upgrade: true, values } };
}

export const UPGRADES: readonly Upgrade[] = [
  {
    file: 'evaluation-first-upgrade',
    title: 'the first upgrade of an evaluation, with the values of its installation, turns its jobs into hooks',
    from: { example: 'evaluation' },
    to: { example: 'evaluation', upgrade: true },
  },
  {
    file: 'production-first-upgrade',
    title: 'the first upgrade in production, with the values of its installation, turns its jobs into hooks',
    from: { example: 'production' },
    to: { example: 'production', upgrade: true },
  },
  {
    file: 'external-stores-first-upgrade',
    title: 'the first upgrade beside existing stores, with the values of its installation, changes nothing',
    from: { example: 'external-stores' },
    to: { example: 'external-stores', upgrade: true },
  },
  upgrade('production', 'production-new-version', 'a new version replaces our images and nothing else', {
    global: { image: { tag: '0.2.0' } },
  }),
  upgrade('production', 'production-more-replicas', 'another number of pods touches that service alone', {
    'viral-engine': { replicas: 4 },
  }),
  upgrade(
    'production',
    'production-background',
    'background work that gets pods of its own: those are new, the others roll, and a policy lets them out',
    { 'viral-engine': { background: { separate: true } } },
  ),
  upgrade('external-stores', 'external-stores-log-level', 'another log level rolls the services, no job and no store', {
    global: { logLevel: 'debug' },
  }),
  upgrade(
    'high-availability',
    'high-availability-networks',
    'other networks of administrators roll the gateway alone',
    {
      kong: { adminNetworks: ['10.20.0.0/16'] },
    },
  ),
  upgrade('evaluation', 'evaluation-no-network-policies', 'policies that are switched off go, and nothing rolls', {
    global: { networkPolicy: { enabled: false } },
  }),
];

// An ordinary job is named after what it runs; which digest that gives is no part of what an upgrade does.
const JOB_DIGEST = /^([+~-] Job\/.*)-[0-9a-f]{6}$/gm;

/** The written effect of an upgrade. */
export async function upgradeChanges({ from, to }: Upgrade): Promise<string> {
  const [before, after] = [await render(from), await render(to)];
  return diffObjects(before.map(withoutGenerated), after.map(withoutGenerated)).replace(JOB_DIGEST, '$1-<digest>');
}
