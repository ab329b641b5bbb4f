import { Requires } from '@dailydoco/auth';
import { REASONS } from '@dailydoco/errors';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, Post, type Type } from '@nestjs/common';
import { z } from 'zod';
import { Answers, createHttpApp, IdempotencyKey, moneySchema, type OpenApiDocument, openApiFor } from '../src/index.js';
import { buildShop, OrdersController, orderAnswerSchema, orderSchema, silentLogger, newLifecycle } from './shop.js';

const ITEM = z.strictObject({ name: z.string() });

@Controller('v1/items')
@Requires({ person: true })
class ItemsController {
  @Post()
  @Answers({ 201: { description: 'The item.' } }, { summary: 'Add an item', problems: ['SLUG_TAKEN'] })
  add(@Body({ schema: ITEM }) item: z.output<typeof ITEM>, @IdempotencyKey('required') key: string): unknown {
    return { item, key };
  }

  @Delete()
  @Requires({ person: { roles: ['admin'] } })
  @Answers({ 204: { description: 'Gone.' } }, { summary: 'Delete all', description: 'There is no way back.' })
  clear(@IdempotencyKey() key: string | undefined): unknown {
    return key;
  }
}

@Controller('v1/mute')
class MuteController {
  @Get()
  @Requires({ anyone: true })
  mute(): unknown {
    return {};
  }
}

describe('the OpenAPI document', () => {
  let document: OpenApiDocument;
  beforeAll(async () => {
    const { app } = await buildShop([OrdersController, ItemsController]);
    document = openApiFor(app, { title: 'Shop', version: '7' });
    await app.close();
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      (['get', 'post', 'delete'] as const).flatMap((method) => {
        const operation = item[method];
        return operation === undefined ? [] : [{ path, method, operation }];
      }),
    );
  const find = (path: string, method: 'get' | 'post' | 'delete') => {
    const operation = document.paths[path]?.[method];
    if (operation === undefined) throw new Error(`no ${method} ${path}`);
    return operation;
  };

  it('is version 3.1 and names the bearer scheme', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Shop', version: '7' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    });
  });

  it('holds every route of every controller and none of the pages for the cluster', () => {
    expect(
      operations()
        .map(({ path, method }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual([
      'delete /v1/items',
      'get /v1/orders',
      'get /v1/orders/broken-stream',
      'get /v1/orders/huge',
      'get /v1/orders/slow',
      'get /v1/orders/{id}',
      'post /v1/items',
      'post /v1/orders',
      'post /v1/orders/{id}/publish',
    ]);
  });

  it('gives each operation an id of its own, a summary, its callers, and answers with descriptions', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toMatch(/.+/);
      expect(operation.description).toMatch(/For .+\.$/);
      expect(operation.security).toBeDefined();
      for (const response of Object.values(operation.responses)) {
        expect(response).toMatchObject({ description: expect.stringMatching(/.+/) });
      }
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['429', '500', '503']));
    }
  });

  it('has no reference that leads nowhere', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(name).toMatch(/^#\/components\/schemas\//);
      expect(Object.keys(document.components?.schemas ?? {})).toContain(name.split('/').at(-1));
    }
  });

  it('describes a body by the schema that validates it', () => {
    expect(resolved(find('/v1/orders', 'post').requestBody)).toEqual({
      required: true,
      content: { 'application/json': { schema: describedAlone(orderSchema, 'input') } },
    });
  });

  it('describes an answer by the schema that @Answers names, open for members to come', () => {
    expect(resolved(find('/v1/orders', 'post').responses['201'])).toMatchObject({
      content: { 'application/json': { schema: describedAlone(orderAnswerSchema, 'output') } },
    });
    expect(JSON.stringify(document.components?.schemas?.['Order'])).not.toContain('additionalProperties');
  });

  it('lists query and path parameters', () => {
    expect(find('/v1/orders', 'get').parameters).toMatchObject([
      { in: 'query', name: 'pageSize', required: false, schema: { type: 'integer', minimum: 1, maximum: 200 } },
      { in: 'query', name: 'pageToken', required: false },
      { in: 'query', name: 'state', required: false, schema: { enum: ['open', 'paid'] } },
    ]);
    expect(find('/v1/orders/{id}', 'get').parameters).toMatchObject([
      { in: 'path', name: 'id', required: true, schema: { type: 'string', format: 'uuid' } },
    ]);
  });

  it('asks for the Idempotency-Key as the handler does', () => {
    expect(find('/v1/items', 'post').parameters).toMatchObject([
      { in: 'header', name: 'Idempotency-Key', required: true, schema: { minLength: 1, maxLength: 255 } },
    ]);
    expect(find('/v1/items', 'delete').parameters).toMatchObject([{ name: 'Idempotency-Key', required: false }]);
    expect(find('/v1/orders', 'post').parameters).toEqual([]);
  });

  it('says who may call, by the handler before the controller', () => {
    expect(find('/v1/items', 'post')).toMatchObject({
      security: [{ bearer: [] }],
      description: 'For signed-in persons.',
    });
    expect(find('/v1/items', 'delete').description).toBe('There is no way back.\n\nFor persons with the role admin.');
    expect(find('/v1/orders/slow', 'get')).toMatchObject({ security: [], description: 'For everybody.' });
  });

  it.each([
    ['/v1/items', 'post', ['400', '401', '403', '409', '413', '415', '422', '429', '500', '503']],
    ['/v1/items', 'delete', ['400', '401', '403', '409', '422', '429', '500', '503']],
    ['/v1/orders/{id}', 'get', ['400', '401', '403', '404', '429', '500', '503']],
    ['/v1/orders/slow', 'get', ['429', '500', '503']],
  ] as const)('lists the problems of %s %s', (path, method, statuses) => {
    const { responses } = find(path, method);
    const problems = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    expect(problems.map(([status]) => status)).toEqual(statuses);
    for (const [, response] of problems) {
      expect(response).toMatchObject({
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      });
    }
    expect(responses['429']).toMatchObject({ headers: { 'Retry-After': expect.anything() } });
  });

  it("names the reasons of the operation's own beside those that follow from its making", () => {
    expect(find('/v1/items', 'post').responses['409']).toMatchObject({
      description: `REQUEST_IN_PROGRESS: ${REASONS.REQUEST_IN_PROGRESS.title}\n\nSLUG_TAKEN: ${REASONS.SLUG_TAKEN.title}`,
    });
  });

  function resolved(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value), (_name, member: unknown) => {
      if (typeof member !== 'object' || member === null || !('$ref' in member)) return member;
      const { $ref, ...beside } = member;
      const found = document.components?.schemas?.[String($ref).split('/').at(-1) ?? ''];
      return { ...(resolved(found) as object), ...beside };
    });
  }
});

/** What zod itself says about a schema, references resolved, without the patterns behind a format. */
function describedAlone(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, $defs = {}, ...root } = z.toJSONSchema(z.object({ it: schema }), { io });
  return JSON.parse(JSON.stringify(root.properties?.['it']), function inline(_name, member: unknown): unknown {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    const { $ref, ...rest } = member as {
      $ref?: string;
      pattern?: string;
      format?: string;
      additionalProperties?: unknown;
    };
    if (rest.format !== undefined) delete rest.pattern;
    if (io === 'output' && rest.additionalProperties === false) delete rest.additionalProperties;
    if ($ref === undefined) return rest;
    return { ...JSON.parse(JSON.stringify($defs[$ref.split('/').at(-1) ?? '']), inline), ...rest };
  });
}

describe('the OpenAPI document is refused', () => {
  const build = async (controller: Type): Promise<OpenApiDocument> => {
    const app = await createHttpApp({
      module: { module: class Any {}, controllers: [controller] },
      logger: silentLogger,
      lifecycle: newLifecycle(),
    });
    return openApiFor(app, { title: 'x' });
  };

  it('for a handler that describes nothing', async () => {
    await expect(build(MuteController)).rejects.toThrow('@Answers is missing on MuteController.mute');
  });

  it('for two schemas that want the same name', async () => {
    const impostor = z.strictObject({ other: z.string() }).meta({ id: 'MoneyInput' });
    @Controller('v1/twice')
    class TwiceController {
      @Post('a')
      @Requires({ anyone: true })
      @Answers({ 200: { description: 'x' } }, { summary: 'a' })
      a(@Body({ schema: moneySchema }) money: unknown): unknown {
        return money;
      }
      @Post('b')
      @Requires({ anyone: true })
      @Answers({ 200: { description: 'x' } }, { summary: 'b' })
      b(@Body({ schema: impostor }) money: unknown): unknown {
        return money;
      }
    }
    await expect(build(TwiceController)).rejects.toThrow('MoneyInput');
  });
});
