import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asLinkId, asTenantId, asUserId } from '../ids.js';
import type { Click } from './click.js';
import { clicksOf, linesOf } from './click-lines.js';

const id = fc.uuid();
const text = fc.string({ unit: 'binary', maxLength: 200 });
const anyClick: fc.Arbitrary<Click> = fc.record({
  id,
  visitorId: id,
  clickedAt: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
  code: fc.stringMatching(/^[A-Z0-9-]{3,32}$/),
  tenantId: id.map(asTenantId),
  ownerId: id.map(asUserId),
  linkId: fc.option(id.map(asLinkId), { nil: undefined }),
  campaign: fc.option(text, { nil: undefined }),
  brought: fc.option(fc.dictionary(fc.constantFrom('utm_source', 'sub1'), text, { noNullPrototype: true }), {
    nil: undefined,
  }),
  sender: fc.record({ address: fc.ipV4(), userAgent: text }),
});

/** Clicks of which many lead to the same. */
const anyClicks = fc
  .tuple(fc.array(anyClick, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(anyClick, fc.nat()), { maxLength: 8 }))
  .map(([targets, clicks]) =>
    clicks.map(([click, n]): Click => {
      const { tenantId, ownerId, code, linkId, campaign } = targets[n % targets.length]!;
      return { ...click, tenantId, ownerId, code, linkId, campaign };
    }),
  );

describe('The lines of the journal of clicks', () => {
  it('bring back all of each click but its sender, for whom the visitor stands', () => {
    fc.assert(
      fc.property(fc.array(anyClicks, { maxLength: 3 }), (turns) => {
        const { clicks, unreadable } = clicksOf(turns.map(linesOf).join(''));
        expect(unreadable).toBe(0);
        const known = ({ visitorId, ...click }: Click) => ({
          ...click,
          visitorId,
          sender: { address: '', userAgent: visitorId },
        });
        expect(clicks).toEqual(turns.flat().map(known));
      }),
    );
  });

  it('say nothing of address and browser', () => {
    fc.assert(
      fc.property(anyClick, (click) => {
        const sender = { address: '203.0.113.7', userAgent: 'A browser of somebody' };
        expect(linesOf([{ ...click, sender }])).toBe(linesOf([{ ...click, sender: { address: '', userAgent: '' } }]));
      }),
    );
  });

  it('are no click while the end was not written, however little is missing', () => {
    const [first, second] = fc.sample(anyClick, { numRuns: 2, seed: 4711 });
    const [whole, end] = [linesOf([first!, second!]), linesOf([first!]).length];
    for (let length = 0; length < whole.length; length += 1) {
      const clicks = { length: length < end ? 0 : 1 };
      expect(clicksOf(whole.slice(0, length))).toMatchObject({ clicks, unreadable: 0 });
    }
  });

  const [readable] = fc.sample(anyClick, { numRuns: 1, seed: 4711 });
  const good = linesOf([readable!]);
  const [goodTarget, goodClick] = good.split('\n');
  it.each([
    ['something else', 'another version wrote this'],
    ['nothing', ''],
    ['what a click brought as no JSON', `${goodTarget}\n${readable!.id} ${readable!.visitorId} 1 {"a}`],
    ['a click before it says where it leads', goodClick!],
    ['where it leads in no form of ours, and a click after that', `> nowhere\n${goodClick}`],
  ])('that say %s are counted as unreadable, and take no other along', (_, lines) => {
    expect(clicksOf(`${lines}\n${good}`)).toMatchObject({ clicks: [{ id: readable!.id }], unreadable: 1 });
  });
});
