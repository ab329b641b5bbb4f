import { describe, expect, it } from '@jest/globals';
import { DASHBOARDS } from '../src/dashboards/dashboards.js';
import { ALERT_NAMES } from '../src/rules/rules.js';
import { analyse, withoutVariables } from './promql.js';

interface Placed {
  readonly title?: string;
  readonly gridPos?: { x: number; y: number; w: number; h: number };
}

const PANELS = DASHBOARDS.flatMap(({ name, spec }) =>
  spec.rows.flatMap((row) =>
    row.panels.map((panel) => [`${name}: ${row.title}: ${panel.title}`, panel, spec] as const),
  ),
);

describe('Dashboards', () => {
  it('have names of their own', () => {
    const names = DASHBOARDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['fleet', 'money', 'events', 'gateway', 'service-payouts']));
  });

  it.each(DASHBOARDS.map(({ name, dashboard }) => [name, dashboard] as const))(
    '%s lays no panel over another',
    (_name, dashboard) => {
      const placed = (dashboard.panels ?? []) as readonly Placed[];
      const taken = new Set<string>();
      for (const { title, gridPos } of placed) {
        expect(gridPos).toBeDefined();
        const { x, y, w, h } = gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
        expect(x + w).toBeLessThanOrEqual(24);
        for (let column = x; column < x + w; column += 1) {
          for (let row = y; row < y + h; row += 1) {
            expect([title, taken.has(`${column},${row}`)]).toEqual([title, false]);
            taken.add(`${column},${row}`);
          }
        }
      }
    },
  );

  it.each(PANELS)('%s tells what it shows', (_name, panel) => {
    expect(panel.description).toMatch(/^[A-Z0-9a-z].+\.$/);
    expect(panel.queries.length).toBeGreaterThan(0);
  });

  it.each(PANELS)('%s asks only for choices that the dashboard has', (_name, { queries }, { choices }) => {
    const known = new Set(['__rate_interval', ...choices.map(({ name }) => name)]);
    const used = queries.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
    expect(used.filter((name) => !known.has(name))).toEqual([]);
    expect(used).toContain('namespace');
  });

  it.each(PANELS)('%s names its lines by labels that they keep', (_name, { queries }) => {
    for (const { expr, legend } of queries) {
      const kept = new Set(analyse(withoutVariables(expr)).groupings.flatMap(({ labels }) => labels));
      const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      expect(named.filter((label) => !kept.has(label))).toEqual([]);
    }
  });

  it('name runbooks that exist', () => {
    const named = PANELS.flatMap(([, { description }]) => [...description.matchAll(/runbook (\w+)/g)]).map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !ALERT_NAMES.includes(name))).toEqual([]);
  });
});
