import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { barrier } from '@dailydoco/testing';
import type { UserId } from '../src/ids.js';
import { ManifestStore } from '../src/releases/release.store.js';
import { sweepReleases } from '../src/releases/sweep-releases.js';
import { type Edges, PUBLIC_URL, startEdges } from './edges.js';
import { openWorkshop, type Workshop } from './workshop.js';

let workshop: Workshop;
let edges: Edges;
let ada: string;
let adaId: UserId;

beforeAll(async () => {
  workshop = await openWorkshop();
  edges = await startEdges(workshop);
  adaId = workshop.newUser();
  ada = await edges.person(workshop.newTenant(), adaId);
});

afterEach(() => {
  edges.storage.afterWrite = () => Promise.resolve();
  edges.codes.codeOf = (_tenantId, userId) => Promise.resolve(`code-${userId}`);
});

afterAll(async () => {
  await edges.stop();
  await workshop.stop();
});

const get = (path: string, headers: Record<string, string> = {}) => edges.call('GET', path, { headers });
const draft = (other: object = {}) => edges.site(ada, { slug: workshop.newId(), ...other });
const foldersOf = (siteId: string) => readdir(join(workshop.sitesDir, siteId)).then((names) => names.toSorted());

async function releasesOf(siteId: string): Promise<{ id: string; version: number }[]> {
  const { rows } = await workshop.pool.query<{ id: string; version: number }>(
    'SELECT id, version FROM release WHERE site_id = $1 ORDER BY version',
    [siteId],
  );
  return rows;
}

/** The one file that the page names and that ends so. */
const named = (html: string, ending: string) => {
  const [match] = html.match(new RegExp(`[a-z]+-[0-9a-f]{16}[.]${ending}`)) ?? [];
  if (match === undefined) throw new Error(`the page names no ${ending}`);
  return match;
};

const sweep = () =>
  // Everything written up to now is old.
  sweepReleases({ storage: edges.storage, known: new ManifestStore(workshop.pool) }, new Date(Date.now() + 60_000));

describe('Publishing', () => {
  it('puts a page with the owner’s link on the net and tells of it', async () => {
    const site = await draft({ name: 'Ada & Co' });
    const { status, body } = await edges.publish(ada, site.id);
    expect([status, body]).toEqual([
      200,
      { url: `${PUBLIC_URL}/sites/${site.slug}/`, version: 1, durationMs: expect.any(Number) },
    ]);
    const page = await get(`/sites/${site.slug}/`);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<a href="/r/code-${adaId}" rel="sponsored" data-referral-link>`);
    expect(page.text).toContain('<title>Ada &amp; Co</title>');
    expect((await workshop.eventsOf(site.id)).at(-1)).toEqual({
      name: 'SitePublished',
      key: site.id,
      payload: { siteId: site.id, ownerId: adaId, slug: site.slug, version: 1, publishedAt: expect.any(Date) },
    });
  });

  it('keeps what is on the disk equal to the manifest, and gives the widget a key that resolves to the site', async () => {
    const site = await draft();
    await edges.publish(ada, site.id);
    const { rows: files } = await workshop.pool.query<{ path: string; sha256: Uint8Array; size_bytes: number }>(
      'SELECT path, sha256, size_bytes FROM release_file WHERE site_id = $1 ORDER BY path',
      [site.id],
    );
    const [release] = await releasesOf(site.id);
    const folder = join(workshop.sitesDir, site.id, release!.id);
    expect(await readdir(folder).then((names) => names.toSorted())).toEqual(files.map(({ path }) => path));
    for (const { path, sha256, size_bytes } of files) {
      const bytes = readFileSync(join(folder, path));
      expect([path, bytes.length, hash('sha256', bytes)]).toEqual([
        path,
        size_bytes,
        Buffer.from(sha256).toString('hex'),
      ]);
    }
    const page = await get(`/sites/${site.slug}/`);
    const config = await get(`/sites/${site.slug}/${named(page.text, 'json')}`);
    expect(config.body).toMatchObject({ siteId: site.id, writeKey: expect.stringMatching(/^dd_site_[\w-]{43}$/) });
    const { rows: keys } = await workshop.pool.query('SELECT site_id FROM write_key WHERE key_sha256 = $1', [
      hash('sha256', config.body.writeKey, 'buffer'),
    ]);
    expect(keys).toEqual([{ site_id: site.id }]);
  });

  it('again makes the next version, keeps the files of the last, and retires keys two releases old', async () => {
    const site = await draft();
    const configs = [];
    for (const version of [1, 2, 3]) {
      expect((await edges.publish(ada, site.id)).body.version).toBe(version);
      configs.push(named((await get(`/sites/${site.slug}/`)).text, 'json'));
    }
    for (const config of configs) expect((await get(`/sites/${site.slug}/${config}`)).status).toBe(200);
    const { rows } = await workshop.pool.query(
      'SELECT release_version, revoked_at IS NULL AS holds FROM write_key WHERE site_id = $1 ORDER BY 1',
      [site.id],
    );
    expect(rows).toEqual([
      { release_version: 1, holds: false },
      { release_version: 2, holds: true },
      { release_version: 3, holds: true },
    ]);
  });

  it('at the same moment numbers the versions without a gap, each with files of its own', async () => {
    const site = await draft();
    const writers = 6;
    const meet = barrier(writers);
    edges.storage.afterWrite = () => meet();
    const answers = await Promise.all(Array.from({ length: writers }, () => edges.publish(ada, site.id)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(writers).fill(200));
    expect(new Set(answers.map(({ body }) => body.version))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    const releases = await releasesOf(site.id);
    expect(await foldersOf(site.id)).toEqual(releases.map(({ id }) => id).toSorted());
    const told = (await workshop.eventsOf(site.id)).slice(1);
    expect(told.map(({ payload }) => payload['version'])).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await get(`/sites/${site.slug}/`)).status).toBe(200);
  });

  it('serves the version that the site’s row names', async () => {
    const site = await draft();
    await edges.publish(ada, site.id);
    const first = await get(`/sites/${site.slug}/`);
    await edges.publish(ada, site.id);
    expect((await get(`/sites/${site.slug}/`)).text).not.toBe(first.text);
    await workshop.pool.query('UPDATE site SET current_version = 1 WHERE id = $1', [site.id]);
    expect((await get(`/sites/${site.slug}/`)).text).toBe(first.text);
  });

  it('with a key that was used answers as before and publishes nothing', async () => {
    const site = await draft();
    const key = workshop.newId();
    const first = await edges.publish(ada, site.id, { key });
    const again = await edges.publish(ada, site.id, { key });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
    expect(await releasesOf(site.id)).toHaveLength(1);
    expect(await sweep()).toBeGreaterThanOrEqual(1);
    expect(await foldersOf(site.id)).toEqual((await releasesOf(site.id)).map(({ id }) => id));
  });

  it('is refused while the referral code cannot be asked for, and leaves nothing', async () => {
    const site = await draft();
    edges.codes.codeOf = () => Promise.reject(new DomainError('UNAVAILABLE', { retryAfterSeconds: 1 }));
    const { status, body, headers } = await edges.publish(ada, site.id);
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '1']);
    expect(await releasesOf(site.id)).toEqual([]);
    expect((await get(`/sites/${site.slug}/`)).status).toBe(404);
  });

  it('takes no body', async () => {
    const site = await draft();
    const { status } = await edges.publish(ada, site.id, { body: { version: 7 } });
    expect(status).toBe(400);
  });
});

describe('A crash between the disk and the database', () => {
  it('leaves the release before on the net, and what it left is swept', async () => {
    const site = await draft();
    await edges.publish(ada, site.id);
    const before = await get(`/sites/${site.slug}/`);
    edges.storage.afterWrite = () => Promise.reject(new Error('the process died here'));
    expect((await edges.publish(ada, site.id)).status).toBe(500);
    expect(await foldersOf(site.id)).toHaveLength(2);
    expect((await get(`/sites/${site.slug}/`)).text).toBe(before.text);
    expect((await workshop.eventsOf(site.id)).map(({ name }) => name)).toEqual(['SiteCreated', 'SitePublished']);

    await sweep();
    expect(await foldersOf(site.id)).toEqual((await releasesOf(site.id)).map(({ id }) => id));
    expect((await get(`/sites/${site.slug}/`)).text).toBe(before.text);
    edges.storage.afterWrite = () => Promise.resolve();
    expect((await edges.publish(ada, site.id)).body.version).toBe(2);
  });

  it('in the middle of the files leaves a folder that is swept when it is old, and not before', async () => {
    const site = await draft();
    const unfinished = join(workshop.sitesDir, site.id, `.new-${workshop.newId()}`);
    await mkdir(unfinished, { recursive: true });
    await writeFile(join(unfinished, 'index.html'), 'half');
    const parts = { storage: edges.storage, known: new ManifestStore(workshop.pool) };
    await sweepReleases(parts, new Date(Date.now() - 3_600_000));
    expect(await foldersOf(site.id)).toHaveLength(1);
    const old = new Date(Date.now() - 7_200_000);
    await utimes(unfinished, old, old);
    expect(await sweepReleases(parts, new Date(Date.now() - 3_600_000))).toBe(1);
    expect(await foldersOf(site.id)).toEqual([]);
  });

  it('that takes the disk with it is told as such, not as a page that nobody made', async () => {
    const site = await draft();
    await edges.publish(ada, site.id);
    const [release] = await releasesOf(site.id);
    await edges.storage.remove({ siteId: site.id, releaseId: undefined, name: release!.id } as never);
    expect((await get(`/sites/${site.slug}/`)).status).toBe(503);
  });
});

describe('The storage', () => {
  it('never changes a file, and takes no path that leads elsewhere', async () => {
    const place = { siteId: workshop.newId(), releaseId: workshop.newId() } as never;
    await edges.storage.write(place, [{ path: 'index.html', bytes: Buffer.from('first') }]);
    await expect(edges.storage.write(place, [{ path: 'index.html', bytes: Buffer.from('second') }])).rejects.toThrow();
    expect(await edges.storage.read(place, 'index.html').then(String)).toBe('first');
    for (const path of ['../index.html', '/etc/passwd', '.', '..', 'a/../b', '']) {
      await expect(
        edges.storage.write({ siteId: workshop.newId(), releaseId: workshop.newId() } as never, [
          { path, bytes: new Uint8Array() },
        ]),
      ).rejects.toThrow(RangeError);
      expect(await edges.storage.read(place, path)).toBeUndefined();
    }
  });
});

describe('A published site', () => {
  let slug: string;
  let html: string;

  beforeAll(async () => {
    const site = await draft({ templateId: 'waiting-list' });
    slug = site.slug;
    await edges.publish(ada, site.id);
    html = (await get(`/sites/${slug}/`)).text;
  });

  it('is served under a strict policy, to be asked about anew each time', async () => {
    const { headers } = await get(`/sites/${slug}/`);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-cache, must-revalidate');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
    const policy = headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it.each([
    ['css', 'text/css; charset=utf-8'],
    ['js', 'text/javascript; charset=utf-8'],
    ['json', 'application/json; charset=utf-8'],
    ['svg', 'image/svg+xml'],
  ])('has a %s that may be kept for ever', async (ending, mediaType) => {
    const { status, headers, text } = await get(`/sites/${slug}/${named(html, ending)}`);
    expect([status, headers.get('content-type')]).toEqual([200, mediaType]);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(text.length).toBeGreaterThan(50);
  });

  it('is not sent again to whoever has it', async () => {
    for (const path of ['', named(html, 'css')]) {
      const whole = await get(`/sites/${slug}/${path}`);
      const etag = whole.headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{43}"$/);
      const same = await get(`/sites/${slug}/${path}`, { 'if-none-match': etag });
      expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
      expect(same.headers.get('cache-control')).toBe(whole.headers.get('cache-control'));
      expect((await get(`/sites/${slug}/${path}`, { 'if-none-match': '"else"' })).status).toBe(200);
    }
  });

  it('answers HEAD with the headers and no page', async () => {
    const [head, whole] = [await edges.call('HEAD', `/sites/${slug}/`), await get(`/sites/${slug}/`)];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control', 'content-security-policy']) {
      expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
    }
  });

  it('leads to the slash', async () => {
    const { status, headers } = await get(`/sites/${slug}`);
    expect([status, headers.get('location')]).toEqual([308, `/sites/${slug}/`]);
  });

  it('is not there under other names, nor before it was published', async () => {
    const unpublished = await draft();
    for (const path of [
      '/sites/nobody-has-this/',
      `/sites/${unpublished.slug}/`,
      `/sites/${slug.toUpperCase()}x/`,
      `/sites/${slug}/nothing.css`,
      `/sites/${unpublished.slug}/${named(html, 'css')}`,
      '/sites/ab/',
      '/sites/%2F%2Fevil.example',
      '/sites/',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    }
  });

  it.each([
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/%2e%2e%2findex.html',
    '/..\\..\\etc\\passwd',
    '/index.html%00.css',
    '/.',
    '/..',
    '/%2e%2e',
  ])('does not let %p out of its folder', async (tail) => {
    // A client of fetch would tidy the path up; a hostile one does not.
    const answer = await raw(`GET /sites/${slug}${tail} HTTP/1.1`);
    expect(answer).toMatch(/^HTTP\/1\.1 (404|400) /);
    expect(answer).not.toContain('root:');
  });
});

function raw(requestLine: string): Promise<string> {
  const { hostname, port } = new URL(edges.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${requestLine}\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
