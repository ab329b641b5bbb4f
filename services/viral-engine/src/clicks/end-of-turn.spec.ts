import { describe, expect, it } from '@jest/globals';
import { beforeEndOfTurn, endOfTurn } from './end-of-turn.js';

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

  it('comes early for 32 who ask in one turn, and for the others at its end', async () => {
    const done: string[] = [];
    beforeEndOfTurn(() => done.push('first written'));
    const early = Array.from({ length: 32 }, endOfTurn);
    expect(done).toEqual(['first written']);
    beforeEndOfTurn(() => done.push('then written'));
    const late = endOfTurn();
    expect(new Set(early).size).toBe(1);
    expect(early).not.toContain(late);
    setImmediate(() => done.push('turn over'));
    await early[0];
    done.push('early answered');
    await late;
    done.push('late answered');
    await endOfTurn();
    expect(done).toEqual(['first written', 'early answered', 'then written', 'late answered', 'turn over']);
  });

  it('comes after what is to be done before it, whoever asked first', async () => {
    const done: string[] = [];
    const asked = endOfTurn().then(() => done.push('answered'));
    beforeEndOfTurn(() => done.push('written'));
    await asked;
    expect(done).toEqual(['written', 'answered']);
    await new Promise((resolve) => {
      beforeEndOfTurn(() => resolve(done.push('written, though nobody asks')));
    });
    expect(done).toHaveLength(3);
  });
});
