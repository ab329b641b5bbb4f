import { describe, expect, it } from '@jest/globals';
import { parseImage } from './images.js';

describe('the name of an image', () => {
  it.each([
    ['docker.io/library/kong:3.9.3', 'docker.io/library/kong', '3.9.3'],
    ['registry.example.com:5000/dailydoco/payouts:1.2.3', 'registry.example.com:5000/dailydoco/payouts', '1.2.3'],
    ['registry.example.com:5000/dailydoco/payouts', 'registry.example.com:5000/dailydoco/payouts', ''],
    ['docker.io/library/kong:3.9.3@sha256:abc', 'docker.io/library/kong', '3.9.3'],
    ['docker.io/library/kong@sha256:abc', 'docker.io/library/kong', ''],
    ['kong', 'kong', ''],
  ])('%s is %s of version "%s"', (image, repository, tag) => {
    expect(parseImage(image)).toEqual({ repository, tag });
  });
});
