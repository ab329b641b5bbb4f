import { describe, expect, it } from '@jest/globals';
import { broughtBy, locationOf, originOf, passOn, withClickId } from './landing.js';

const fallback = 'https://fallback.example/docs';
const origins = ['https://fallback.example', 'https://shop.example'];
const link = (landingUrl?: string, other: object = {}) => ({ landingUrl, utm: {}, subIds: [], ...other });

describe('A page that a link may lead to', () => {
  it.each([
    ['https://shop.example/a?b=c#d', 'https://shop.example'],
    ['https://SHOP.example:443', 'https://shop.example'],
    ['https://shop.example:8443/', 'https://shop.example:8443'],
    ['http://127.0.0.1:3000/x', 'http://127.0.0.1:3000'],
    ['http://shop.example', undefined],
    ['https://user@shop.example', undefined],
    ['https://shop.example@evil.example', undefined],
    ['javascript:alert(1)', undefined],
    ['//shop.example', undefined],
    ['data:text/html,hi', undefined],
    ['', undefined],
  ])('%j has the origin %j', (url, origin) => expect(originOf(url)).toBe(origin));
});

describe('Where a link leads', () => {
  it('is its page, with its UTM values and sub-ids in place of those of the page', () => {
    const utm = { source: 'news letter', campaign: 'spring' };
    const page = link('https://shop.example/p?utm_source=old&x=1#top', { utm, subIds: ['a&b', 'ü'] });
    expect(locationOf(page, { origins, fallback })).toBe(
      'https://shop.example/p?utm_source=news+letter&x=1&utm_campaign=spring&sub1=a%26b&sub2=%C3%BC#top',
    );
  });

  it.each([[undefined], ['https://evil.example/'], ['https://shop.example.evil.example/'], ['nonsense']])(
    'is the landing page of the installation for the page %j',
    (page) => expect(locationOf(link(page, { subIds: ['1'] }), { origins, fallback })).toBe(`${fallback}?sub1=1`),
  );
});

describe('What a click brings', () => {
  it.each([
    [{}, ''],
    [{ utm_source: 'mail', sub1: 'x', fbclid: 'y' }, '&utm_source=mail&sub1=x'],
    [{ a: 'other' }, ''],
    [{ utm_medium: 'other' }, ''],
    [{ sub1: ['x', 'y'] }, ''],
    [{ sub6: 'x', utm_id: 'y' }, ''],
    [{ sub1: 'x'.repeat(201) }, ''],
    [{ sub1: '\r\nset-cookie: a=b' }, '&sub1=%0D%0Aset-cookie%3A+a%3Db'],
    [{ sub1: '' }, ''],
    [{ sub1: 'a\0b' }, ''],
    [{ sub1: '\ud800' }, ''],
    [{ toString: 'x', __proto__: { sub1: ['x'] } }, ''],
  ])('%j adds %j', (query, added) => {
    const location = 'https://shop.example/?a=1&utm_medium=mine';
    expect(passOn(location, broughtBy(query))).toBe(location + added);
  });
});

describe('The signed click id', () => {
  it.each([
    ['https://shop.example/', 'https://shop.example/?ddcid=T'],
    ['https://shop.example/?a=1', 'https://shop.example/?a=1&ddcid=T'],
    ['https://shop.example/#top?', 'https://shop.example/?ddcid=T#top?'],
    ['https://shop.example/?a=1#top', 'https://shop.example/?a=1&ddcid=T#top'],
  ])('is added to %s', (location, expected) => expect(withClickId(location, 'T')).toBe(expected));

  it('is never that of the page as it was given', () => {
    const page = link('https://shop.example/?ddcid=somebody&a=1');
    expect(locationOf(page, { origins, fallback })).toBe('https://shop.example/?a=1');
  });
});
