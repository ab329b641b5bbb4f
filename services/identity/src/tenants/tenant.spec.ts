import { describe, expect, it } from '@jest/globals';
import { normaliseHost } from './tenant.js';

describe('a host name', () => {
  it.each([
    ['Shop.Example.COM', 'shop.example.com'],
    ['shop.example.com:8000', 'shop.example.com'],
    ['shop.example.com.', 'shop.example.com'],
    [' localhost ', 'localhost'],
    ['127.0.0.1:8000', '127.0.0.1'],
  ])('%p is %p', (given, expected) => {
    expect(normaliseHost(given)).toBe(expected);
  });

  it.each([
    '',
    '-a.example',
    'a..b',
    'https://a.example',
    'a b.example',
    'ä.example',
    'a/b',
    `${'a'.repeat(64)}.example`,
  ])('%p is none', (given) => {
    expect(normaliseHost(given)).toBeUndefined();
  });
});
