import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { z } from 'zod';
import { asTemplateId, type TemplateId } from '../ids.js';
import type { Page, PageRenderer } from '../pages/page.js';
import type { Template, TemplateCatalogue, TemplateParts } from './template.js';

const SHIPPED = fileURLToPath(new URL('../../templates', import.meta.url));
/** The folder of what every template's pages carry. */
const BANNER = 'banner';

const descriptionSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  texts: z.strictObject({ headline: z.string().min(1), body: z.string().min(1), buttonText: z.string().min(1) }),
});

interface Loaded {
  readonly template: Template;
  readonly parts: TemplateParts;
  readonly page: (page: Page) => string;
}

/**
 * The templates in the service's `templates` folder, read and compiled once. Strict: a page that names what nobody
 * gives is an error and not a gap; everything written into a page is escaped.
 */
export class ShippedTemplates implements TemplateCatalogue, PageRenderer {
  readonly #byId: ReadonlyMap<TemplateId, Loaded>;

  private constructor(loaded: readonly Loaded[]) {
    this.#byId = new Map(loaded.map((each) => [each.template.id, each]));
  }

  /** Throws when a folder lacks a file or a description has another form. */
  static load(directory = SHIPPED): ShippedTemplates {
    const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');
    const engine = Handlebars.create();
    engine.registerPartial('layout', read('layout.hbs'));
    engine.registerPartial('banner', read(BANNER, 'banner.hbs'));
    const [base, banner, script] = [read('base.css'), read(BANNER, 'banner.css'), read(BANNER, 'widget.js')];
    const ids = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== BANNER)
      .map((entry) => entry.name)
      .toSorted();
    const loaded = ids.map((id) => ({
      template: { id: asTemplateId(id), ...descriptionSchema.parse(JSON.parse(read(id, 'template.json'))) },
      parts: { stylesheet: [base, read(id, 'style.css'), banner].join('\n'), icon: read(id, 'icon.svg'), script },
      page: engine.compile<Page>(read(id, 'page.hbs'), { strict: true, knownHelpersOnly: true, preventIndent: true }),
    }));
    return new ShippedTemplates(loaded);
  }

  list(): readonly Template[] {
    return [...this.#byId.values()].map(({ template }) => template);
  }

  find(id: TemplateId): Template | undefined {
    return this.#byId.get(id)?.template;
  }

  /** Throws for a template that is not in the catalogue. */
  partsOf(id: TemplateId): TemplateParts {
    return this.#loaded(id).parts;
  }

  /** Throws for a template that is not in the catalogue. */
  render(id: TemplateId, page: Page): string {
    return this.#loaded(id).page(page);
  }

  #loaded(id: TemplateId): Loaded {
    const loaded = this.#byId.get(id);
    if (loaded === undefined) throw new Error(`There is no template ${id}`);
    return loaded;
  }
}
