import type { TemplateId } from '../ids.js';
import type { PageTexts, Template } from '../templates/template.js';

/** What an owner wrote; what is missing is the template's own text. */
export interface SiteContent extends Partial<PageTexts> {
  /** Short reasons, each a line of its own. */
  readonly points?: readonly string[];
}

/** Where a page finds its files, relative to itself. */
export interface PageAssets {
  readonly stylesheet: string;
  readonly icon: string;
  readonly script: string;
  readonly widgetConfig: string;
}

/** Everything a template writes on a page. All of it is text: the renderer escapes it. */
export interface Page {
  readonly name: string;
  /** The first letter of the name, for templates that show a portrait. */
  readonly initial: string;
  readonly headline: string;
  readonly paragraphs: readonly string[];
  readonly points: readonly string[];
  readonly buttonText: string;
  /** The owner's referral link as a path of this installation. */
  readonly referralPath: string;
  readonly assets: PageAssets;
}

/** Turns a page into an HTML document. */
export interface PageRenderer {
  render(templateId: TemplateId, page: Page): string;
}

/** The page of a site: the owner's texts, and the template's where the owner wrote none. */
export function composePage(
  site: { readonly name: string; readonly content: SiteContent },
  given: { template: Template; referralCode: string; assets: PageAssets },
): Page {
  const { template, referralCode, assets } = given;
  const { points = [], headline, body, buttonText } = site.content;
  return {
    name: site.name,
    initial: firstLetter(site.name),
    headline: headline ?? template.texts.headline,
    paragraphs: paragraphsOf(body ?? template.texts.body),
    points,
    buttonText: buttonText ?? template.texts.buttonText,
    referralPath: `/r/${encodeURIComponent(referralCode)}`,
    assets,
  };
}

function paragraphsOf(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}

/** One letter as readers count them: an accent or a joined emoji stays whole. */
function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(name.trim());
  return first?.segment.toLocaleUpperCase('en') ?? '';
}
