import { describe, expect, it } from '@jest/globals';
import { asBreakId, asJournalId, asTenantId, asUserId } from '../ids.js';
import { answer, type BreakCase, BREAK_STATUSES, mergeBreaks, note, take } from './break-case.js';

const [tenantId, ann, bob] = [asTenantId('t'), asUserId('ann'), asUserId('bob')];
const [openedAt, at] = [new Date('2026-06-01T12:00:00Z'), new Date('2026-06-01T13:00:00Z')];
const found: BreakCase = {
  tenantId,
  id: asBreakId('b'),
  invariant: 'I4',
  subject: 'person p USD',
  detail: 'pending 1 of 2',
  status: 'open',
  openedAt,
  lastSeenAt: openedAt,
  timesSeen: 1,
  ownerId: undefined,
  answeredAt: undefined,
  resolvedAt: undefined,
  steps: 1,
};
const corrected = { outcome: 'corrected', journalIds: [asJournalId('j')], reason: 'booked by hand' } as const;
const accepted = { outcome: 'accepted', reason: 'the bank owes us' } as const;

describe('A break', () => {
  it('is owned by who took it last', () => {
    const { breakCase, step } = take(take(found, { userId: ann, at }).breakCase, { userId: bob, at });
    expect(breakCase).toEqual({ ...found, ownerId: bob, steps: 3 });
    expect(step).toMatchObject({ position: 3, kind: 'taken', userId: bob, takenAt: at });
  });

  it('keeps what was noted, and stands as before', () => {
    const { breakCase, step } = note(found, { userId: ann, at, text: 'asked the bank' });
    expect(breakCase).toEqual({ ...found, steps: 2 });
    expect(step).toMatchObject({ position: 2, kind: 'noted', text: 'asked the bank' });
  });

  it.each([corrected, accepted])('is not resolved by what is said of it: $outcome', (said) => {
    const { breakCase, step } = answer(found, { userId: ann, at, said });
    expect(breakCase).toEqual({ ...found, status: said.outcome, answeredAt: at, ownerId: ann, steps: 2 });
    expect(step).toMatchObject({ kind: said.outcome, text: said.reason });
    expect(step.journalIds).toEqual(said.outcome === 'corrected' ? ['j'] : []);
  });

  it('stays with its owner when somebody else answers, and may be answered again', () => {
    const first = answer({ ...found, ownerId: bob }, { userId: ann, at, said: accepted }).breakCase;
    expect(first.ownerId).toBe(bob);
    expect(answer(first, { userId: ann, at, said: corrected }).breakCase.status).toBe('corrected');
  });

  it.each(BREAK_STATUSES)('that is %s takes steps, unless it is resolved', (status) => {
    const standing: BreakCase = { ...found, status };
    const by = { userId: ann, at };
    const tries = [
      () => take(standing, by),
      () => note(standing, { ...by, text: 'x' }),
      () => answer(standing, { ...by, said: accepted }),
    ];
    for (const each of tries) {
      if (status === 'resolved') expect(each).toThrow(expect.objectContaining({ reason: 'BREAK_RESOLVED' }));
      else expect(each().step.position).toBe(2);
    }
  });
});

describe('What several checks say', () => {
  it('of one thing is one break, and each detail stands once', () => {
    const one = { invariant: 'I1', subject: 'journal a', detail: 'x' } as const;
    expect(
      mergeBreaks([one, { ...one, detail: 'y' }, one, { ...one, subject: 'journal b' }, { ...one, invariant: 'I2' }]),
    ).toEqual([
      { ...one, detail: 'x; y' },
      { ...one, subject: 'journal b' },
      { ...one, invariant: 'I2' },
    ]);
  });
});
