import type { TemplateId } from '../ids.js';

/** What a page says. Plain text; a blank line in `body` begins a new paragraph. */
export interface PageTexts {
  readonly headline: string;
  readonly body: string;
  readonly buttonText: string;
}

/** A template as people choose it. */
export interface Template {
  readonly id: TemplateId;
  readonly name: string;
  readonly description: string;
  /** What a page says where its owner wrote nothing. */
  readonly texts: PageTexts;
}

/** The files of a template that do not depend on the site. */
export interface TemplateParts {
  readonly stylesheet: string;
  /** SVG. */
  readonly icon: string;
  /** The banner's widget, a classic script. */
  readonly script: string;
}

/** The templates that this release of the service ships, in the order of their ids. */
export interface TemplateCatalogue {
  list(): readonly Template[];
  find(id: TemplateId): Template | undefined;
}
