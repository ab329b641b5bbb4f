import { describe, expect, it } from '@jest/globals';
import { SeenIds } from './seen-ids.js';

describe('What was seen', () => {
  it('is known again with its content, also after it grew', () => {
    const seen = new SeenIds();
    for (let n = 0; n < 20_000; n += 1) expect(seen.see(`id ${n}`, `content ${n}`)).toBe('new');
    for (let n = 0; n < 20_000; n += 997) {
      expect(seen.see(`id ${n}`, `content ${n}`)).toBe('same');
      expect(seen.see(`id ${n}`, 'another')).toBe('other');
    }
  });
});
