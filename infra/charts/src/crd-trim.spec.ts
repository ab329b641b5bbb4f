import { describe, expect, it } from '@jest/globals';
import { type Definition, trimDefinition, withoutWords } from './crd-trim.js';

describe('a trimmed definition', () => {
  it('loses descriptions, and keeps a property that is called so', () => {
    const schema = { description: 'words', properties: { description: { type: 'string', description: 'words' } } };
    expect(withoutWords(schema)).toEqual({ properties: { description: { type: 'string' } } });
  });

  it('keeps the stored version without its status', () => {
    const version = (name: string, storage: boolean) => ({
      name,
      served: true,
      storage,
      schema: { openAPIV3Schema: { properties: { spec: { type: 'object' }, status: { type: 'object' } } } },
    });
    const definition: Definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Thing', plural: 'things' },
        versions: [version('v1beta1', false), version('v1', true)],
      },
    };
    const { versions } = trimDefinition(definition).spec;
    expect(versions.map(({ name, schema }) => [name, Object.keys(schema.openAPIV3Schema.properties)])).toEqual([
      ['v1', ['spec']],
    ]);
  });
});
