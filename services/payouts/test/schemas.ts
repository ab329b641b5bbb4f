import { readFileSync } from 'node:fs';
import { XmlDocument, XmlValidateError, XsdValidator } from 'libxml2-wasm';

/** The published schemas of ISO 20022 that this service is tested against. */
export type Schema = 'pain.001.001.09' | 'pain.002.001.03' | 'pain.002.001.12' | 'camt.053.001.08';

const validators = new Map<Schema, XsdValidator>();

/** What libxml2 finds wrong with a document by the schema; nothing, if it conforms. */
export function objectionsTo(schema: Schema, xml: string): string[] {
  const document = XmlDocument.fromString(xml);
  try {
    validatorOf(schema).validate(document);
    return [];
  } catch (error) {
    if (error instanceof XmlValidateError) return error.details.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  } finally {
    document.dispose();
  }
}

function validatorOf(schema: Schema): XsdValidator {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const file = new URL(`./schemas/${schema}.xsd`, import.meta.url);
  const validator = XsdValidator.fromDoc(XmlDocument.fromBuffer(readFileSync(file)));
  validators.set(schema, validator);
  return validator;
}
