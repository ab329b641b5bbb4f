import { describe, expect, it } from '@jest/globals';
import { type Answer, judgeAnswer, type Outcome } from './answer.js';

const hope = {
  statuses: [200],
  holds: (text: string) => JSON.parse(text).yes === true,
  cleanCodes: ['REQUEST_IN_PROGRESS'],
};
const problem = (status: number, code: string, more: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json; charset=utf-8', ...more },
  text: JSON.stringify({ status, code }),
});
const json = (status: number, body: object, more: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...more },
  text: JSON.stringify(body),
});
const retryAfter = { 'retry-after': '1' };

describe('an answer', () => {
  it.each<[string, Answer, Outcome]>([
    ['what was wanted', json(200, { yes: true }), 'ok'],
    ['the status without the content', json(200, { yes: false }), 'unclean'],
    ['the status with half a content', { ...json(200, {}), text: '{"ye' }, 'unclean'],
    ['a problem that says when', problem(503, 'UNAVAILABLE', retryAfter), 'refused'],
    ['a problem that does not say when', problem(503, 'UNAVAILABLE'), 'unclean'],
    ['too late', problem(504, 'DEADLINE_EXCEEDED'), 'refused'],
    ['too many', problem(429, 'OVERLOADED', retryAfter), 'refused'],
    ['a problem that contradicts its status', { ...problem(503, 'A', retryAfter), status: 502 }, 'unclean'],
    ['the gateway’s own', json(502, { message: 'An invalid response', request_id: 'a' }), 'refused'],
    ['OpenAI’s', json(503, { error: { message: 'a', type: 'server_error' } }, retryAfter), 'refused'],
    ['a 502 of nobody', json(502, {}), 'unclean'],
    ['a page', { status: 502, headers: { 'content-type': 'text/html' }, text: '<html>' }, 'unclean'],
    ['an error of ours', problem(500, 'INTERNAL'), 'unclean'],
    ['a sudden stranger', problem(401, 'UNAUTHENTICATED'), 'unclean'],
    ['the first try still under way', problem(409, 'REQUEST_IN_PROGRESS'), 'refused'],
    ['a conflict', problem(409, 'PURCHASE_CONFLICT'), 'unclean'],
  ])('%s', (_, answer, outcome) => {
    expect(judgeAnswer(answer, hope).outcome).toBe(outcome);
  });
});
