import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { contradictionsIn } from './contradictions.js';
import type { KongDocument } from './kong.js';

/** The file holds something that this program does not understand; it names every place. */
export class KongFileError extends Error {
  constructor(problems: readonly string[]) {
    super(
      `the gateway does not understand its configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.name = 'KongFileError';
  }
}

const schema = JSON.parse(readFileSync(new URL('../schema/kong.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: true, strictTypes: false }).compile<KongDocument>(schema);

/** Reads a kong.yml. Throws KongFileError for anything that is not understood whole: half a configuration is none. */
export function readKong(text: string): KongDocument {
  return checkKong(parse(text, { strict: true, uniqueKeys: true }));
}

/** The same for what has been parsed already. */
export function checkKong(document: unknown): KongDocument {
  if (!validate(document)) throw new KongFileError((validate.errors ?? []).map(describe));
  const problems = contradictionsIn(document);
  if (problems.length > 0) throw new KongFileError(problems);
  return document;
}

function describe({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? '/' : instancePath} ${message}${extra}`;
}
