import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTool, runProgram } from '@dailydoco/tools';
import { describe, expect, it } from '@jest/globals';
import { lint } from './helm.js';
import { chartsFolder } from './places.js';
import { openObjects, undocumentedValues } from './values-documents.js';

const CHARTS = readdirSync(chartsFolder).filter((name) => existsSync(join(chartsFolder, name, 'Chart.yaml')));
const CONFIGURABLE = CHARTS.filter((name) => existsSync(join(chartsFolder, name, 'values.schema.json')));

describe('the charts', () => {
  it('are found', () => {
    expect(CHARTS.length).toBe(8);
    expect(CONFIGURABLE.length).toBe(7);
  });

  it.each(CHARTS)('%s passes helm lint --strict by itself', async (chart) => {
    expect(await lint(chart)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(CHARTS)('%s has the README that helm-docs makes of its values', async (chart) => {
    const folder = join(chartsFolder, chart);
    const made = await runProgram({
      command: await ensureTool('helm-docs'),
      args: ['--chart-search-root', folder, '--sort-values-order', 'file', '--dry-run'],
      cwd: folder,
      timeoutMs: 30_000,
    });
    expect(made.trim()).toBe(readFileSync(join(folder, 'README.md'), 'utf8').trim());
  });

  it.each(CONFIGURABLE)('%s says of every value what it is for', (chart) => {
    expect(undocumentedValues(readFileSync(join(chartsFolder, chart, 'values.yaml'), 'utf8'))).toEqual([]);
  });

  it.each(CONFIGURABLE)('%s takes no value that its schema does not describe', (chart) => {
    const schema: unknown = JSON.parse(readFileSync(join(chartsFolder, chart, 'values.schema.json'), 'utf8'));
    expect(openObjects(schema)).toEqual([]);
  });
});
