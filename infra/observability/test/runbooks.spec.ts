import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { runbookOf, toPrometheus } from '../src/rules/rule.js';
import { ALERT_NAMES, ALERTS, RULE_GROUPS } from '../src/rules/rules.js';
import { allSamples } from './known-samples.js';
import { analyse } from './promql.js';

const FOLDER = new URL('../../../docs/runbooks/', import.meta.url);
const PAGES = readdirSync(FOLDER).filter((file) => file !== 'README.md');
const SECTIONS = [
  'What it means',
  'See it',
  'Likely causes',
  'What to do',
  'When to escalate',
  'What not to do',
] as const;

function read(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}

/** The fenced blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .filter(([, name]) => name === language)
    .map(([, , block = '']) => block);
}

describe('Runbooks', () => {
  it('are there for each alert, and for nothing else', () => {
    expect(PAGES.toSorted()).toEqual(ALERT_NAMES.map(runbookOf).toSorted());
  });

  it('are where the alerts say', () => {
    const urls = [...JSON.stringify(RULE_GROUPS.map(toPrometheus)).matchAll(/"runbook_url":"([^"]+)"/g)];
    expect(urls).toHaveLength(ALERTS.length);
    for (const [, url = ''] of urls)
      expect(existsSync(new URL(url.split('/docs/runbooks/')[1] ?? '?', FOLDER))).toBe(true);
  });

  it('stand in the index with their severities', () => {
    const index = read('README.md');
    for (const alert of ALERT_NAMES) {
      const severities = ALERTS.filter((each) => each.alert === alert).map(({ severity }) => severity);
      const row = index.split('\n').find((line) => line.includes(`[${alert}](${runbookOf(alert)})`));
      expect([alert, row?.split('|')[2]?.trim()]).toEqual([alert, severities.join(', ')]);
    }
  });

  it.each(ALERT_NAMES)('%s says all that somebody who is called must know, and briefly', (alert) => {
    const text = read(runbookOf(alert)).replaceAll(/^```[\s\S]*?^```/gm, '…');
    const headings = [...text.matchAll(/^(#+) (.+)$/gm)].map(([, marks, heading]) => `${marks} ${heading}`);
    expect(headings).toEqual([`# ${alert}`, ...SECTIONS.map((section) => `## ${section}`)]);
    expect(text.split('\n').length).toBeLessThan(60);
    for (const section of text.split(/^## .+$/m).slice(1)) expect(section.trim()).not.toBe('');
  });

  it.each(ALERT_NAMES)('%s asks Prometheus for what there is', async (alert) => {
    const samples = await allSamples();
    const queries = blocks(read(runbookOf(alert)), 'promql');
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries)
      for (const { metric, matchers } of analyse(query).selectors) {
        expect([metric, samples.has(metric)]).toEqual([metric, true]);
        for (const { label } of matchers)
          expect([metric, label, samples.get(metric)?.has(label)]).toEqual([metric, label, true]);
      }
  });

  it.each(ALERT_NAMES)('%s gives commands to type', (alert) => {
    const page = read(runbookOf(alert));
    expect([...blocks(page, 'sh'), ...blocks(page, 'sql')].join('').trim()).not.toBe('');
  });
});
