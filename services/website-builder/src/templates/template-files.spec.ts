import { describe, expect, it } from '@jest/globals';
import { HtmlValidate } from 'html-validate';
import { JSDOM } from 'jsdom';
import { asSiteId, asSlug, asTenantId, asUserId, type TemplateId } from '../ids.js';
import type { SiteContent } from '../pages/page.js';
import { renderFiles, type ReleaseFile } from '../releases/release.js';
import type { Site } from '../sites/site.js';
import { ShippedTemplates } from './template-files.adapter.js';

const templates = ShippedTemplates.load();
const IDS = templates.list().map(({ id }) => id);
const HOSTILE = `<script>alert(1)</script>"' onload='x' {{name}} &amp; \${a}`;

function release(templateId: TemplateId, content: SiteContent = {}, name = 'Ada’s page'): ReleaseFile[] {
  const site: Site = {
    tenantId: asTenantId('t'),
    id: asSiteId('01980000-0000-7000-8000-000000000001'),
    ownerId: asUserId('u'),
    name,
    slug: asSlug('adas-page'),
    templateId,
    content,
    currentVersion: 0,
    createdAt: new Date(0),
  };
  const template = templates.find(templateId);
  if (template === undefined) throw new Error(templateId);
  const parts = templates.partsOf(templateId);
  const given = { template, parts, renderer: templates, referralCode: 'ADA 7/x', writeKey: 'dd_site_k' };
  return renderFiles(site, given);
}

const textOf = (files: readonly ReleaseFile[], pattern: RegExp): string => {
  const found = files.filter(({ path }) => pattern.test(path));
  expect(found).toHaveLength(1);
  return Buffer.from(found[0]!.bytes).toString();
};

const RICH: SiteContent = {
  headline: 'A headline',
  body: 'One paragraph.\n\nAnother\nwith a break.\n \n',
  buttonText: 'Go',
  points: ['First point', 'Second point'],
};

describe('The templates', () => {
  it('are three, each with a name and a description of its own', () => {
    expect(IDS).toEqual(['partner-page', 'product-landing', 'waiting-list']);
    for (const member of ['name', 'description'] as const) {
      expect(new Set(templates.list().map((each) => each[member])).size).toBe(3);
    }
  });

  it('refuse to render what they do not have', () => {
    expect(templates.find('constructor' as TemplateId)).toBeUndefined();
    expect(() => templates.partsOf('banner' as TemplateId)).toThrow('no template');
  });
});

describe.each(IDS)('A page of %s', (id) => {
  const html = new HtmlValidate({
    root: true,
    extends: ['html-validate:recommended', 'html-validate:a11y'],
    rules: {
      'no-inline-style': 'error',
      'doctype-style': ['error', { style: 'lowercase' }],
      'require-csp-nonce': 'off',
      'require-sri': 'off',
      'no-trailing-whitespace': 'off',
    },
  });

  it.each<[string, SiteContent]>([
    ['its own texts', {}],
    ['texts of an owner', RICH],
    ['hostile texts', { headline: HOSTILE, body: HOSTILE, buttonText: HOSTILE, points: [HOSTILE] }],
  ])('is valid, accessible HTML with %s', async (_name, content) => {
    const report = await html.validateString(textOf(release(id, content), /[.]html$/));
    const messages = report.results.flatMap((result) =>
      result.messages.map(({ ruleId, message }) => ({ ruleId, message })),
    );
    expect(messages).toEqual([]);
  });

  it('carries the referral link without any script, once in the banner and once as the button', () => {
    const { document } = new JSDOM(textOf(release(id, RICH), /[.]html$/)).window;
    const links = [...document.querySelectorAll('a[href="/r/ADA%207%2Fx"]')];
    expect(links.length).toBeGreaterThanOrEqual(2);
    expect(document.querySelector('[data-referral-banner] a[data-referral-link]')).not.toBeNull();
    expect(links.some((link) => link.textContent === 'Go')).toBe(true);
    expect(document.querySelector('h1')?.textContent).toBe('A headline');
    expect([...document.querySelectorAll('.prose p')].map((each) => each.textContent)).toEqual([
      'One paragraph.',
      'Another\nwith a break.',
    ]);
    expect([...document.querySelectorAll('li')].map((each) => each.textContent)).toEqual(RICH.points);
  });

  it('shows hostile texts as texts', () => {
    const page = textOf(release(id, { headline: HOSTILE, body: HOSTILE, points: [HOSTILE] }, HOSTILE), /[.]html$/);
    const { document } = new JSDOM(page).window;
    expect(document.querySelector('h1')?.textContent).toBe(HOSTILE);
    expect(document.title).toBe(HOSTILE);
    expect(document.querySelectorAll('script')).toHaveLength(1);
    expect(document.querySelectorAll('[onload]')).toHaveLength(0);
  });

  it('holds nothing inline and nothing of another host, so that the strict policy lets all of it work', () => {
    const files = release(id);
    const { document } = new JSDOM(textOf(files, /[.]html$/)).window;
    expect(document.querySelectorAll('style, [style], script:not([src]), iframe, form')).toHaveLength(0);
    const named = [...document.querySelectorAll('[src], link[href]')].map(
      (element) => element.getAttribute('src') ?? element.getAttribute('href'),
    );
    named.push(document.querySelector('script')?.getAttribute('data-config') ?? null);
    expect(named).toHaveLength(files.length - 1);
    expect(new Set([...named, 'index.html'])).toEqual(new Set(files.map(({ path }) => path)));
    for (const pattern of [/[.]css$/, /[.]js$/]) {
      expect(textOf(files, pattern)).not.toMatch(/https?:|@import|url\((?!["']?data:)/);
    }
  });

  it('names its files by their content, and the same site makes the same files', () => {
    const [first, second] = [release(id), release(id)];
    expect(second).toEqual(first);
    for (const { path } of first) expect(path).toMatch(/^(index[.]html|[a-z]+-[0-9a-f]{16}[.](css|svg|js|json))$/);
    const config = JSON.parse(textOf(first, /[.]json$/));
    expect(config).toEqual({
      siteId: '01980000-0000-7000-8000-000000000001',
      eventsPath: '/v1/events',
      writeKey: 'dd_site_k',
    });
  });
});
