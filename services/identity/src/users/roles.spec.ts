import { describe, expect, it } from '@jest/globals';
import { type GrantableRole, mayManage, withPartner } from './roles.js';

describe('who may change whose access', () => {
  it.each<[GrantableRole[], GrantableRole[], GrantableRole[], boolean]>([
    [['owner'], ['owner'], ['owner'], true],
    [['owner'], ['admin'], ['finance'], true],
    [['admin'], ['admin'], ['admin'], true],
    [['admin'], [], ['finance', 'support'], true],
    [['admin'], [], ['owner'], false],
    [['admin'], ['owner'], [], false],
    [['finance'], [], [], false],
    [['support'], [], ['support'], false],
    [[], [], [], false],
  ])('%p on %p, giving %p: %p', (actor, target, given, expected) => {
    expect(mayManage(actor, target, given)).toBe(expected);
  });
});

it('roles are told in order of rank, and everybody is a partner', () => {
  expect(withPartner(['support', 'owner'])).toEqual(['owner', 'support', 'partner']);
  expect(withPartner([])).toEqual(['partner']);
});
