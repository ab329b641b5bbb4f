import { describe, expect, it } from '@jest/globals';
import { JSDOM } from 'jsdom';
import { ShippedTemplates } from './template-files.adapter.js';
import { asTemplateId } from '../ids.js';

const { script } = ShippedTemplates.load().partsOf(asTemplateId('partner-page'));
const PAGE = `<aside data-referral-banner><a id="in-banner" href="#a" data-referral-link>a</a></aside>
<a id="button" href="#b" data-referral-link>b</a><a id="other" href="#c">c</a>`;
const CONFIG = { siteId: 'site-1', eventsPath: '/v1/events', writeKey: 'dd_site_key' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Sent {
  readonly path: string;
  readonly options: {
    method?: string;
    keepalive?: boolean;
    credentials?: string;
    headers?: Record<string, string>;
    body?: string;
  };
}

interface Opened {
  readonly window: JSDOM['window'];
  readonly events: () => { id: string; name: string; anonymousId: string; properties: unknown; occurredAt: string }[];
  readonly posts: () => Sent[];
  readonly settled: () => Promise<void>;
}

/** Opens a page with the widget in a browser whose network is this spec. */
function open(
  html = PAGE,
  answer: () => Promise<unknown> = () => Promise.resolve({ ok: true, json: async () => CONFIG }),
): Opened {
  const { window } = new JSDOM(html, {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    url: 'https://site.spec/sites/a/',
  });
  const sent: Sent[] = [];
  Object.assign(window, {
    fetch: (path: string, options: Sent['options']) => {
      sent.push({ path, options });
      return path === 'widget-1.json' ? answer() : Promise.resolve({ ok: true });
    },
  });
  // Scripts of the page do not run here, so the widget is told which element it is.
  Object.defineProperty(window.document, 'currentScript', {
    value: Object.assign(window.document.createElement('script'), {}),
    configurable: true,
  });
  window.document.currentScript?.setAttribute('data-config', 'widget-1.json');
  window.eval(script);
  const posts = () => sent.filter(({ options }) => options.method === 'POST');
  return {
    window,
    posts,
    events: () => posts().flatMap(({ options }) => JSON.parse(options.body ?? '').events),
    // Everything the widget waits for is a promise that is fulfilled already.
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

const click = ({ window }: Opened, id: string) => window.document.getElementById(id)?.click();

describe('The banner’s widget', () => {
  it('tells once that the banner was seen', async () => {
    const page = open();
    page.window.document.dispatchEvent(new page.window.Event('visibilitychange'));
    await page.settled();
    expect(page.posts()).toHaveLength(1);
    const [post] = page.posts();
    expect(post).toMatchObject({
      path: '/v1/events',
      options: { keepalive: true, credentials: 'omit', headers: { authorization: 'Bearer dd_site_key' } },
    });
    const [event] = page.events();
    expect(event).toMatchObject({ name: 'widget_viewed', properties: { siteId: 'site-1' } });
    expect([event!.id, event!.anonymousId]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
  });

  it('tells every click on an invitation, and on nothing else, as one visitor with ids of their own', async () => {
    const page = open();
    for (const id of ['in-banner', 'other', 'button']) click(page, id);
    await page.settled();
    const events = page.events();
    expect(events.map(({ name }) => name)).toEqual(['widget_viewed', 'widget_clicked', 'widget_clicked']);
    expect(new Set(events.map(({ anonymousId }) => anonymousId)).size).toBe(1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    expect(page.window.sessionStorage.getItem('dailydoco.visitor')).toBe(events[0]!.anonymousId);
  });

  it('sets no cookie', async () => {
    const page = open();
    click(page, 'button');
    await page.settled();
    expect(page.window.document.cookie).toBe('');
  });

  it.each([
    ['are gone', () => Promise.resolve({ ok: false, status: 404 })],
    ['cannot be reached', () => Promise.reject(new Error('offline'))],
  ])('leaves the links alone when its settings %s', async (_name, answer) => {
    const page = open(PAGE, answer);
    const event = new page.window.MouseEvent('click', { bubbles: true, cancelable: true });
    expect(page.window.document.getElementById('button')?.dispatchEvent(event)).toBe(true);
    await page.settled();
    expect(page.posts()).toEqual([]);
  });

  it('does nothing on a page without a banner', async () => {
    const page = open('<a id="button" href="#b" data-referral-link>b</a>');
    click(page, 'button');
    await page.settled();
    expect(page.posts()).toEqual([]);
  });
});
