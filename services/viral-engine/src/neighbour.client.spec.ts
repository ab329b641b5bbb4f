import { describe, expect, it } from '@jest/globals';
import { DomainError, type Reason } from '@dailydoco/errors';
import { askNeighbour, type Question } from './neighbour.client.js';

const QUESTION: Question = { unknown: 'USER_UNKNOWN', detail: 'Who the buyer is cannot be asked right now.' };

/** Ends each try as told, and says what time each had. */
function neighbour(...ends: (string | Error)[]) {
  const deadlines: number[] = [];
  const answer = askNeighbour(QUESTION, (deadlineMs) => {
    deadlines.push(deadlineMs);
    const end = ends[deadlines.length - 1] ?? new Error('asked too often');
    return typeof end === 'string' ? Promise.resolve(end) : Promise.reject(end);
  });
  return { answer, deadlines };
}

const failed = (reason: Reason) => new DomainError(reason);

describe('a question to a neighbour', () => {
  it('is asked once when it is answered', async () => {
    const { answer, deadlines } = neighbour('Ada');
    expect(await answer).toBe('Ada');
    expect(deadlines).toEqual([200]);
  });

  it.each<Reason>(['DEADLINE_EXCEEDED', 'UNAVAILABLE'])('is asked again after %s', async (reason) => {
    const { answer, deadlines } = neighbour(failed(reason), 'Ada');
    expect(await answer).toBe('Ada');
    expect(deadlines).toEqual([200, 800]);
  });

  it('is given up after the second try, and says what could not be asked', async () => {
    const { answer, deadlines } = neighbour(failed('DEADLINE_EXCEEDED'), failed('UNAVAILABLE'));
    await expect(answer).rejects.toMatchObject({ reason: 'UNAVAILABLE', detail: QUESTION.detail });
    expect(deadlines).toHaveLength(2);
  });

  it('is not repeated to who has too much to do', async () => {
    const { answer, deadlines } = neighbour(failed('OVERLOADED'));
    await expect(answer).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(deadlines).toHaveLength(1);
  });

  it('has no answer when there is no such thing, in either try', async () => {
    expect(await neighbour(failed('USER_UNKNOWN')).answer).toBeUndefined();
    expect(await neighbour(failed('DEADLINE_EXCEEDED'), failed('USER_UNKNOWN')).answer).toBeUndefined();
  });

  it('leaves other failures as they are', async () => {
    const bug = new TypeError('a bug');
    await expect(neighbour(bug).answer).rejects.toBe(bug);
    await expect(neighbour(failed('WEBSITE_UNKNOWN')).answer).rejects.toMatchObject({ reason: 'WEBSITE_UNKNOWN' });
  });
});
