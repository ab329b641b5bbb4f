import { describe, expect, it } from '@jest/globals';
import { asPlanId } from '../ids.js';
import { attributionWindowDays, choosePlan, findOverlap, type PlanOccasion } from './choose-plan.js';
import { checkTerms, isPlanId, isStream, type PlanCatalogue, type PlanVersion } from './plan.js';
import { SHIPPED_CATALOGUE, STANDARD, ULTRAPLAN } from './shipped-plans.js';

const day = (n: number) => new Date(Date.UTC(2026, 0, n));
const plan = (id: string, version: number, effectiveFrom: Date, streams: string[] = []): PlanVersion => ({
  ...STANDARD,
  planId: asPlanId(id),
  version,
  effectiveFrom,
  streams,
});

describe('The plans that ship', () => {
  it('never change: commissions of years back are explained by them', () => {
    const terms = {
      websiteBonusBps: 500,
      maxPayoutBps: 7000,
      compression: 'none',
      holdDays: 30,
      attributionWindowDays: 30,
      recurring: 'all',
    };
    const limits = { qualification: [], beneficiaryCaps: { day: [], month: [], lifetime: [] }, companyCap: undefined };
    const common = {
      ...terms,
      ...limits,
      version: 1,
      streams: [],
      productTags: [],
      effectiveFrom: new Date('2000-01-01T00:00:00Z'),
    };
    expect(STANDARD).toEqual({ ...common, planId: 'standard', levelsBps: [2000, 1500, 1000, 800, 500, 300, 200] });
    expect(ULTRAPLAN).toEqual({ ...common, planId: 'ultraplan', levelsBps: [2000, 1000, 500, 300, 200, 100, 50] });
    expect(SHIPPED_CATALOGUE).toEqual({ versions: [STANDARD, ULTRAPLAN], defaultPlanId: 'standard' });
  });

  it('are plans by their own rules', () => {
    expect([...checkTerms(STANDARD), ...checkTerms(ULTRAPLAN)]).toEqual([]);
  });
});

describe('The terms of a plan', () => {
  it.each([
    ['no level', { levelsBps: [] }, 'levelsBps'],
    ['eight levels', { levelsBps: [1, 1, 1, 1, 1, 1, 1, 1] }, 'levelsBps'],
    ['a rate above the whole', { levelsBps: [100, 10_001] }, 'levelsBps.1'],
    ['a negative rate', { levelsBps: [-1] }, 'levelsBps.0'],
    ['a broken rate', { levelsBps: [0.5] }, 'levelsBps.0'],
    ['a bonus above the whole', { websiteBonusBps: 10_001 }, 'websiteBonusBps'],
    ['a cap above the whole', { maxPayoutBps: 10_001 }, 'maxPayoutBps'],
    ['a negative hold', { holdDays: -1 }, 'holdDays'],
    ['a window of no day', { attributionWindowDays: 0 }, 'attributionWindowDays'],
    ['a window longer than browsers are remembered', { attributionWindowDays: 91 }, 'attributionWindowDays'],
    ['a window of half a day', { attributionWindowDays: 0.5 }, 'attributionWindowDays'],
    ['no months', { recurring: { months: 0 } }, 'recurring.months'],
    ['a stream that is no slug', { streams: ['usage', 'Sub scription'] }, 'streams.1'],
    ['a product tag that is no slug', { productTags: ['Pro'] }, 'productTags.0'],
    ['a product tag twice', { productTags: ['pro-1', 'pro-1'] }, 'productTags.1'],
    ['a stream twice', { streams: ['usage', 'usage'] }, 'streams.1'],
  ])('are refused with %s', (_, wrong, path) => {
    expect(checkTerms({ ...STANDARD, ...wrong }).map((error) => error.path)).toEqual([path]);
  });

  it('may have rates that exceed the cap together, because the cap holds at run time', () => {
    expect(checkTerms({ ...STANDARD, levelsBps: [9000, 9000], websiteBonusBps: 10_000, maxPayoutBps: 1 })).toEqual([]);
  });

  it.each([
    ['standard', true],
    ['creator-2026', true],
    ['Standard', false],
    ['', false],
    ['a'.repeat(65), false],
  ])('plan id %j: %s', (text, allowed) => expect(isPlanId(text)).toBe(allowed));

  it.each([
    ['a', true],
    ['usage_fee2', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['_usage', false],
    ['usage-fee', false],
    ['абонемент', false],
  ])('stream %j: %s', (text, allowed) => expect(isStream(text)).toBe(allowed));
});

describe('Which plan version decides', () => {
  const catalogue: PlanCatalogue = {
    defaultPlanId: asPlanId('standard'),
    versions: [
      STANDARD,
      ULTRAPLAN,
      plan('standard', 2, day(10)),
      plan('standard', 3, day(5)),
      plan('usage', 1, day(3), ['usage', 'overage']),
      plan('usage', 2, day(20), ['overage']),
    ],
  };
  const table: [string, string, Date, string][] = [
    ['the default before anything else took effect', 'subscription', day(1), 'standard 1'],
    ['the version in force from its very moment', 'subscription', day(5), 'standard 3'],
    ['the latest effectiveFrom, not the highest number', 'subscription', day(9), 'standard 3'],
    ['the next version afterwards', 'subscription', day(10), 'standard 2'],
    ['the plan that names the stream, over the default', 'usage', day(3), 'usage 1'],
    ['the default before the naming plan takes effect', 'usage', new Date(day(3).getTime() - 1), 'standard 1'],
    ['the default again once the stream is named no more', 'usage', day(20), 'standard 2'],
    ['the stream that is still named', 'overage', day(20), 'usage 2'],
  ];
  it.each(table)('%s', (_, stream, occurredAt, expected) => {
    const chosen = choosePlan(catalogue, { stream, occurredAt });
    expect(chosen && `${chosen.planId} ${chosen.version}`).toBe(expected);
  });

  it('is none before the default plan takes effect', () => {
    const late = { defaultPlanId: asPlanId('late'), versions: [plan('late', 1, day(9))] };
    expect(choosePlan(late, { stream: 'any', occurredAt: day(8) })).toBeUndefined();
  });
});

describe('For how many days a click counts', () => {
  const windowed = (version: PlanVersion, attributionWindowDays: number) => ({ ...version, attributionWindowDays });
  const catalogue: PlanCatalogue = {
    defaultPlanId: asPlanId('standard'),
    versions: [
      STANDARD,
      windowed(plan('standard', 2, day(5)), 60),
      windowed(plan('usage', 1, day(3), ['usage']), 7),
      windowed({ ...plan('pro', 1, day(3)), productTags: ['pro'] }, 90),
    ],
  };
  it.each<[string, PlanOccasion, number]>([
    ['30, as standard ships', { occurredAt: day(4) }, 30],
    ['what the default plan in force says, for a registration', { occurredAt: day(5) }, 60],
    ['what the plan of the stream says', { stream: 'usage', occurredAt: day(5) }, 7],
    ['what the plan of the product tag says', { stream: 'usage', productTag: 'pro', occurredAt: day(5) }, 90],
    ['30, where no plan covers it', { stream: 'any', occurredAt: new Date('1999-12-31T23:59:59Z') }, 30],
  ])('is %s', (_, occasion, days) => expect(attributionWindowDays(catalogue, occasion)).toBe(days));
});

describe('A product tag', () => {
  const tagged = (id: string, version: number, from: Date, productTags: string[], streams: string[] = []) => ({
    ...plan(id, version, from, streams),
    productTags,
  });
  const catalogue: PlanCatalogue = {
    defaultPlanId: asPlanId('standard'),
    versions: [STANDARD, plan('usage', 1, day(1), ['usage']), tagged('pro', 1, day(3), ['pro'], ['overage'])],
  };
  it.each<[string, string, string | undefined, Date, string]>([
    ['beats the stream', 'usage', 'pro', day(3), 'pro'],
    ['that no plan names leaves the stream to decide', 'usage', 'basic', day(3), 'usage'],
    ['that is missing does too', 'usage', undefined, day(3), 'usage'],
    ['beats the default', 'subscription', 'pro', day(3), 'pro'],
    ['decides from the time its plan takes effect', 'usage', 'pro', day(2), 'usage'],
    ['does not keep its plan from taking streams', 'overage', undefined, day(3), 'pro'],
  ])('%s', (_, stream, productTag, occurredAt, expected) => {
    expect(choosePlan(catalogue, { stream, productTag, occurredAt })?.planId).toBe(expected);
  });

  it('is taken by one plan at a time, and may be named beside a plan that names the stream', () => {
    const { versions } = catalogue;
    expect(findOverlap(versions, tagged('rival', 1, day(1), ['basic', 'pro']))).toEqual({
      planId: 'pro',
      productTag: 'pro',
      from: day(3),
    });
    expect(findOverlap(versions, tagged('other', 1, day(1), ['usage']))).toBeUndefined();
  });
});

describe('An archived plan', () => {
  const archived = { ...plan('usage', 1, day(3), ['usage']), archivedAt: day(10) };
  const later = { ...plan('usage', 2, day(12), ['usage']), archivedAt: day(10) };
  const again = plan('usage', 3, day(15), ['usage']);
  const chosen = (occurredAt: Date) =>
    choosePlan(
      { defaultPlanId: asPlanId('standard'), versions: [STANDARD, archived, later, again] },
      { stream: 'usage', occurredAt },
    );
  it.each([
    ['still decides what occurred before', new Date(day(10).getTime() - 1), 'usage 1'],
    ['decides nothing from that moment on', day(10), 'standard 1'],
    ['does not come back by a version that was to take effect later', day(13), 'standard 1'],
    ['comes back by a version that was added afterwards', day(15), 'usage 3'],
  ])('%s', (_, occurredAt, expected) => {
    const version = chosen(occurredAt);
    expect(version && `${version.planId} ${version.version}`).toBe(expected);
  });

  it('gives its streams free', () => {
    expect(findOverlap([archived, later], plan('rival', 1, day(9), ['usage']))).toMatchObject({ from: day(9) });
    expect(findOverlap([archived, later], plan('rival', 1, day(10), ['usage']))).toBeUndefined();
  });
});

describe('Two plans for one stream', () => {
  const versions = [STANDARD, plan('a', 1, day(5), ['x', 'y']), plan('a', 2, day(15), ['y'])];
  const table: [string, PlanVersion, object | undefined][] = [
    ['overlap at once', plan('b', 1, day(6), ['x']), { planId: 'a', stream: 'x', from: day(6) }],
    [
      'overlap later, when the other takes effect',
      plan('b', 1, day(1), ['x']),
      { planId: 'a', stream: 'x', from: day(5) },
    ],
    ['do not once the other gave the stream up', plan('b', 1, day(15), ['x']), undefined],
    ['overlap on what the other kept', plan('b', 1, day(15), ['x', 'y']), { planId: 'a', stream: 'y', from: day(15) }],
    ['do not with other streams', plan('b', 1, day(6), ['z']), undefined],
    ['do not when they are one plan', plan('a', 3, day(6), ['x']), undefined],
    ['do not when one names none', plan('b', 1, day(6), []), undefined],
  ];
  it.each(table)('%s', (_, added, expected) => {
    expect(findOverlap(versions, added)).toEqual(expected);
  });

  it('overlap when a version that gave way is moved behind another plan that counted on it', () => {
    const withB = [...versions, plan('b', 1, day(15), ['x'])];
    expect(findOverlap(withB, plan('a', 3, day(16), ['x']))).toEqual({ planId: 'b', stream: 'x', from: day(16) });
  });
});
