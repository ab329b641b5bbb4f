import { describe, expect, it } from '@jest/globals';
import { endOfTurn } from './end-of-turn.js';

describe('The end of a turn', () => {
  it('is the same for all who ask in the turn, after what was heard in it, and another in the next', async () => {
    const heard: string[] = [];
    const first = endOfTurn().then(() => heard.push('first answered'));
    await Promise.resolve();
    heard.push('second came');
    const second = endOfTurn();
    void second.then(() => heard.push('second answered'));
    await first;
    await second;
    expect(heard).toEqual(['second came', 'first answered', 'second answered']);
    expect(endOfTurn()).not.toBe(second);
    expect(endOfTurn()).toBe(endOfTurn());
    await endOfTurn();
  });
});
