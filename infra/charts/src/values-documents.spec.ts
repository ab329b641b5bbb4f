import { describe, expect, it } from '@jest/globals';
import { openObjects, undocumentedValues } from './values-documents.js';

describe('the documentation of values', () => {
  it('is a comment at the value, or at what it is part of', () => {
    const text = `# Words for the reader.

# -- Pods.
replicas: 1
image:
  # -- Registry.
  registry: ""
  tag: ""
# -- All of it.
resources:
  limits: {memory: 1Gi}
bare: true
`;
    expect(undocumentedValues(text)).toEqual(['image.tag', 'bare']);
  });
});

describe('a schema', () => {
  it('is open where an object may have further fields', () => {
    const schema = {
      additionalProperties: false,
      properties: {
        closed: { additionalProperties: false, properties: { a: {} } },
        map: { additionalProperties: { type: 'string' } },
        open: { properties: { a: {} } },
      },
      allOf: [{ if: { properties: { closed: {} } } }],
    };
    expect(openObjects(schema)).toEqual(['/properties/open']);
  });
});
