import { hash } from 'node:crypto';
import type { ReleaseId, SiteId, TemplateId, TenantId, UserId } from '../ids.js';
import { composePage, type PageRenderer } from '../pages/page.js';
import type { Site } from '../sites/site.js';
import type { Template, TemplateParts } from '../templates/template.js';

/** The page of a release; every other file has its content's hash in its name. */
export const PAGE_PATH = 'index.html';
const HASH_CHARACTERS = 16;
/** Where the widget posts its events, on the page's own origin. */
const EVENTS_PATH = '/v1/events';

export interface ReleaseFile {
  /** Within the release. */
  readonly path: string;
  readonly sha256: Uint8Array;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What was published, once and for all. */
export interface Release {
  readonly tenantId: TenantId;
  readonly siteId: SiteId;
  readonly id: ReleaseId;
  readonly templateId: TemplateId;
  readonly publishedBy: UserId;
  readonly publishedAt: Date;
  readonly files: readonly ReleaseFile[];
}

export interface Ingredients {
  readonly template: Template;
  readonly parts: TemplateParts;
  readonly renderer: PageRenderer;
  /** The owner's, for the links on the page. */
  readonly referralCode: string;
  /** In clear: the widget shows it to analytics. */
  readonly writeKey: string;
}

/** All files of a release of a site. The same ingredients make the same bytes. */
export function renderFiles(site: Site, ingredients: Ingredients): ReleaseFile[] {
  const { template, parts, renderer, referralCode, writeKey } = ingredients;
  const stylesheet = hashedFile('style', 'css', parts.stylesheet);
  const icon = hashedFile('icon', 'svg', parts.icon);
  const script = hashedFile('widget', 'js', parts.script);
  const config = { siteId: site.id, eventsPath: EVENTS_PATH, writeKey };
  const widgetConfig = hashedFile('widget', 'json', JSON.stringify(config));
  const assets = {
    stylesheet: stylesheet.path,
    icon: icon.path,
    script: script.path,
    widgetConfig: widgetConfig.path,
  };
  const html = renderer.render(template.id, composePage(site, { template, referralCode, assets }));
  return [toFile(PAGE_PATH, MEDIA_TYPES.html, Buffer.from(html)), stylesheet, icon, script, widgetConfig];
}

const MEDIA_TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

function hashedFile(name: string, extension: keyof typeof MEDIA_TYPES, text: string): ReleaseFile {
  const bytes = Buffer.from(text);
  const part = hash('sha256', bytes, 'hex').slice(0, HASH_CHARACTERS);
  return toFile(`${name}-${part}.${extension}`, MEDIA_TYPES[extension], bytes);
}

function toFile(path: string, mediaType: string, bytes: Uint8Array): ReleaseFile {
  return { path, mediaType, bytes, sha256: hash('sha256', bytes, 'buffer') };
}
