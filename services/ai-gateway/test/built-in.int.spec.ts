import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GrpcHealthClient } from '@dailydoco/grpc';
import { asCallerId, type TenantId } from '../src/ids.js';
import { type Answered, type Gateway, startGateway } from './gateway.js';

let gateway: Gateway;
let tenantId: TenantId;
let as: string;
let apiKeyId: string;

const MODEL = 'dailydoco-template-1';
const hello = { model: MODEL, messages: [{ role: 'user', content: 'List: seven levels. One ledger.' }] };

beforeAll(async () => {
  gateway = await startGateway();
  tenantId = gateway.newTenant();
  ({ as, apiKeyId } = gateway.apiKey(tenantId, ['ai:invoke']));
});

afterAll(() => gateway.stop());

function expectError(
  { status, headers, body }: Answered,
  expected: { status: number; code: string; param?: string | null },
): void {
  expect([status, headers.get('content-type')]).toEqual([expected.status, expect.stringMatching(/^application\/json/)]);
  expect(body).toEqual({
    error: {
      message: expect.stringMatching(/./),
      type: expect.stringMatching(/_error$/),
      param: expected.param === undefined ? null : expected.param,
      code: expected.code,
    },
  });
  expect(headers.get('x-request-id')).toMatch(/./);
}

describe('Without any upstream', () => {
  it('the model is named for what it is', async () => {
    const { status, body } = await gateway.call('GET', '/ai/v1/models', { as });
    expect([status, body]).toEqual([
      200,
      {
        object: 'list',
        data: [
          {
            id: MODEL,
            object: 'model',
            created: expect.any(Number),
            owned_by: 'built-in (deterministic templates, no model weights)',
          },
        ],
      },
    ]);
  });

  it('a chat is answered, recorded and billed', async () => {
    const { status, body } = await gateway.chat(as, hello);
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^chatcmpl-/),
        object: 'chat.completion',
        created: expect.any(Number),
        model: MODEL,
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: '- seven levels.\n- One ledger.', refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 },
      },
    ]);
    const [row, ...more] = await gateway.completionsOf(tenantId);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      caller_kind: 'api_key',
      caller_id: apiKeyId,
      provider: 'built-in',
      model: MODEL,
      streamed: false,
      status: 'complete',
      prompt_tokens: 12n,
      completion_tokens: 8n,
      tokens_estimated: false,
      billed: true,
    });
    expect(await gateway.billsOf(tenantId)).toEqual([
      {
        key: row!.id,
        completionId: row!.id,
        callerId: apiKeyId,
        model: MODEL,
        provider: 'built-in',
        promptTokens: 12n,
        completionTokens: 8n,
        completedAt: row!.ended_at,
      },
    ]);
  });

  it('a person may ask as well, and the same question gets the same answer', async () => {
    const tenant = gateway.newTenant();
    const person = asCallerId('01890a5d-ac96-774b-bcce-b302099a8057');
    const token = await gateway.person(tenant, person);
    const [first, second] = [await gateway.chat(token, hello), await gateway.chat(token, hello)];
    expect(first.body.choices).toEqual(second.body.choices);
    const rows = await gateway.completionsOf(tenant);
    expect(rows).toMatchObject([
      { caller_kind: 'person', caller_id: person },
      { caller_kind: 'person', caller_id: person },
    ]);
  });

  it('a stream ends with [DONE], and has the tokens only for those who ask', async () => {
    const tenant = gateway.newTenant();
    const { as: key } = gateway.apiKey(tenant);
    const plain = await gateway.streamChat(key, hello);
    expect(plain).toMatchObject({ status: 200, contentType: 'text/event-stream; charset=utf-8', cut: false });
    expect(plain.data.at(-1)).toBe('[DONE]');
    const chunks = plain.data.slice(0, -1).map((data) => JSON.parse(data));
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? '').join('')).toBe('- seven levels.\n- One ledger.');
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
    const asked = await gateway.streamChat(key, { ...hello, stream_options: { include_usage: true } });
    expect(JSON.parse(asked.data.at(-2)!)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 12, completion_tokens: 8 },
    });
    const rows = await gateway.completionsOf(tenant);
    const row = { streamed: true, status: 'complete', prompt_tokens: 12n, completion_tokens: 8n, billed: true };
    expect(rows).toMatchObject([row, row]);
  });
});

describe('Errors have OpenAI’s shape:', () => {
  it('nobody, and a key that nobody knows, are 401', async () => {
    for (const stranger of [undefined, 'Bearer dd_unknown', 'Bearer nonsense']) {
      const answer = await gateway.chat(stranger, hello);
      expectError(answer, { status: 401, code: 'invalid_api_key' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expectError(await gateway.call('GET', '/ai/v1/models', { as: stranger }), {
        status: 401,
        code: 'invalid_api_key',
      });
    }
  });

  it('a key without the scope is 403', async () => {
    const { as: other } = gateway.apiKey(tenantId, ['purchases:write']);
    expectError(await gateway.chat(other, hello), { status: 403, code: 'scope_missing' });
    expectError(await gateway.call('GET', '/ai/v1/models', { as: other }), { status: 403, code: 'scope_missing' });
  });

  it('an unknown model, and a path nobody owns, are 404', async () => {
    expectError(await gateway.chat(as, { ...hello, model: 'gpt-nobody' }), { status: 404, code: 'model_not_found' });
    expectError(await gateway.call('GET', '/ai/v1/nothing', { as }), { status: 404, code: 'not_found' });
    expectError(await gateway.call('GET', '/ai/v1/chat/completions', { as }), { status: 404, code: 'not_found' });
  });

  it('a body above 1 MiB is 413, also when it does not say how long it is', async () => {
    const text = JSON.stringify({ ...hello, pad: 'x'.repeat(1_048_576) });
    expectError(await gateway.chat(as, text), { status: 413, code: 'payload_too_large' });
    const response = await fetch(`${gateway.url}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: as, 'content-type': 'application/json' },
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'payload_too_large' } });
  });

  it('another media type is 415', async () => {
    const answer = await gateway.call('POST', '/ai/v1/chat/completions', {
      as,
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    expectError(answer, { status: 415, code: 'unsupported_media_type' });
  });

  it.each<[unknown, string | null]>([
    ['{"model":', null],
    ['', null],
    [{ messages: hello.messages }, 'model'],
    [{ ...hello, model: 7 }, 'model'],
    [{ ...hello, model: '' }, 'model'],
    [{ model: MODEL }, 'messages'],
    [{ ...hello, messages: [] }, 'messages'],
    [{ ...hello, messages: 'hello' }, 'messages'],
    [{ ...hello, messages: ['hello'] }, 'messages.0'],
    [{ ...hello, stream: 'yes' }, 'stream'],
    [{ ...hello, stream_options: { include_usage: 'yes' } }, 'stream_options.include_usage'],
  ])('%j is 400 and names %s', async (body, param) => {
    const answer = await gateway.chat(as, body);
    expect([answer.status, answer.body.error.param]).toEqual([400, param]);
    expect(answer.body.error.type).toBe('invalid_request_error');
  });

  it('and none of that is recorded', async () => {
    expect(await gateway.completionsOf(tenantId)).toHaveLength(1);
  });

  it('paths of nobody elsewhere are problems as everywhere', async () => {
    const { headers } = await gateway.call('GET', '/elsewhere');
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });
});

describe('What is said', () => {
  it('is stored nowhere, logged nowhere, and neither are keys', async () => {
    const tenant = gateway.newTenant();
    const { as: key } = gateway.apiKey(tenant);
    const secret = 'xyzzy-plugh';
    const messages = [{ role: 'user', content: `List: ${secret}.` }];
    expect((await gateway.chat(key, { ...hello, messages })).text).toContain(secret);
    expect((await gateway.streamChat(key, { ...hello, messages })).text).toContain(secret);
    await gateway.chat(key, { model: secret, messages });
    await gateway.chat(key, `{"model":"${secret}", "messages": broken`);
    const kept = await gateway.pool.query(
      `SELECT c::text AS row FROM completion c UNION ALL SELECT o::text FROM messaging.outbox o`,
    );
    expect(JSON.stringify(kept.rows)).not.toContain(secret);
    expect(JSON.stringify(kept.rows)).not.toContain(Buffer.from(secret).toString('hex'));
    expect(gateway.logged).not.toContain(secret);
    expect(gateway.logged).not.toContain(key.slice('Bearer '.length));
  });
});

describe('The service', () => {
  it('is ready, and says so by gRPC as well', async () => {
    expect((await gateway.call('GET', '/health/ready')).status).toBe(200);
    expect((await gateway.call('GET', '/health/live')).status).toBe(200);
    const health = new GrpcHealthClient(gateway.grpcAddress);
    expect(await health.isServing('', 5_000)).toBe(true);
    health.close();
  });

  it('describes its paths with OpenAI’s errors and the stream', async () => {
    const { body } = await gateway.call('GET', '/internal/openapi.json');
    expect(Object.keys(body.paths).toSorted()).toEqual(['/ai/v1/chat/completions', '/ai/v1/models']);
    expect(JSON.stringify(body)).not.toContain('problem+json');
    const { requestBody, responses } = body.paths['/ai/v1/chat/completions'].post;
    expect(Object.keys(responses['200'].content).toSorted()).toEqual(['application/json', 'text/event-stream']);
    for (const status of ['400', '401', '403', '404', '413', '415', '429', '500', '502', '503', '504']) {
      expect([status, responses[status]?.content]).toEqual([
        status,
        { 'application/json': { schema: { $ref: '#/components/schemas/OpenAiError' } } },
      ]);
    }
    expect(body.components.schemas.OpenAiError.properties.error.required).toEqual(['message', 'type', 'param', 'code']);
    expect(requestBody.content['application/json'].schema).toEqual({ $ref: '#/components/schemas/AiChatRequest' });
    expect(body.components.schemas.AiChatRequest.required).toEqual(['model', 'messages']);
    expect(body.components.schemas.AiChatRequest.additionalProperties).not.toBe(false);
    expect(body.components.schemas.Problem).toBeUndefined();
  });
});
