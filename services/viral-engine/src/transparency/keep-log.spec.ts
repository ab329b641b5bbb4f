import { describe, expect, it } from '@jest/globals';
import { wayGiven } from './keep-log.js';

describe('How far the log gives way', () => {
  it.each([
    ['entirely, while all is young', 0, 1],
    ['entirely, where clocks differ', -50, 1],
    ['entirely, for three seconds', 3_000, 1],
    ['less and less after them', 5_500, 0.5],
    ['not at all, where the ten seconds are nearly over', 8_000, 0],
    ['not at all, as long as it may catch up', 20_000, 0],
    ['entirely, where it cannot: purchases come first', 20_001, 1],
  ])('%s', (_, waitedMs, way) => expect(wayGiven(waitedMs)).toBe(way));
});
