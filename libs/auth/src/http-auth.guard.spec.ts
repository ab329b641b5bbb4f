import { DomainError } from '@dailydoco/errors';
import { Catch, Controller, Get, Module } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator } from './authenticator.js';
import { AUTHENTICATOR, Caller, HttpAuthGuard, MaybeCaller } from './http-auth.guard.js';
import type { AuthenticatedRequest } from './http-auth.guard.js';
import type { Principal } from './principal.js';
import { Requires, accessOf } from './requires.js';
import { serviceToken } from './service-token.js';

const SECRET = 'a secret that only services know, 32 bytes';

@Controller('things')
class Things {
  @Get('service')
  @Requires({ service: true })
  forServices(@Caller() caller: Principal): Principal {
    return caller;
  }

  @Get('finance')
  @Requires({ person: { roles: ['finance'] } })
  forFinance(): string {
    return 'money';
  }

  @Get('open')
  @Requires({ anyone: true })
  forAnyone(@MaybeCaller() caller: Principal | undefined): { kind: string } {
    return { kind: caller?.kind ?? 'nobody' };
  }

  @Get('open-but-who')
  @Requires({ anyone: true })
  whoever(@Caller() caller: Principal): Principal {
    return caller;
  }

  @Get('forgotten')
  forgotten(): string {
    return 'nobody said who may see this';
  }
}

@Requires({ service: true })
@Controller('internal')
class Internal {
  @Get('a')
  a(): string {
    return 'a';
  }

  @Get('b')
  @Requires({ anyone: true })
  b(): string {
    return 'b';
  }
}

@Catch(DomainError)
class Reasons implements ExceptionFilter<DomainError> {
  catch(error: DomainError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<{ status(code: number): { send(body: unknown): void } }>();
    reply.status(400).send({ reason: error.reason });
  }
}

const authenticator = new Authenticator({
  jwks: { keyFor: async () => undefined },
  issuer: 'issuer',
  audience: 'dailydoco',
  apiKeys: { lookUp: async () => undefined },
  serviceSecret: SECRET,
  revocations: { revocationOf: () => undefined },
});

@Module({
  controllers: [Things, Internal],
  providers: [
    { provide: AUTHENTICATOR, useValue: authenticator },
    { provide: APP_GUARD, useClass: HttpAuthGuard },
    { provide: APP_FILTER, useClass: Reasons },
  ],
})
class TestModule {}

let app: NestFastifyApplication;
let token: string;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [TestModule] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  // What an edge does that admits callers before it reads the body.
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request) => {
      const early = request.headers['x-early'];
      if (typeof early === 'string') (request as AuthenticatedRequest).principal = JSON.parse(early) as Principal;
    });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  token = await serviceToken({ secret: SECRET, service: 'payouts', tenantId: 't1' });
});
afterAll(() => app.close());

async function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await app.inject({ method: 'GET', url: path, headers });
  return { status: statusCode, body: body.startsWith('{') ? (JSON.parse(body) as unknown) : body };
}
const refusedAs = (reason: string) => ({ status: 400, body: { reason } });
const asService = () => ({ authorization: `Bearer ${token}` });

describe('the guard', () => {
  it('lets in whom @Requires names and hands the caller to the handler', async () => {
    const caller = { kind: 'service', service: 'payouts', tenantId: 't1' };
    expect(await get('/things/service', asService())).toEqual({ status: 200, body: caller });
  });

  it('refuses nobody, strangers and the wrong kind', async () => {
    expect(await get('/things/service')).toEqual(refusedAs('UNAUTHENTICATED'));
    expect(await get('/things/service', { authorization: 'Bearer x' })).toEqual(refusedAs('UNAUTHENTICATED'));
    expect(await get('/things/finance', asService())).toEqual(refusedAs('FORBIDDEN'));
  });

  it('refuses everybody where nothing is said', async () => {
    expect(await get('/things/forgotten')).toEqual(refusedAs('FORBIDDEN'));
    expect(await get('/things/forgotten', asService())).toEqual(refusedAs('FORBIDDEN'));
  });

  it("holds a controller's word for each handler that has none of its own", async () => {
    expect(await get('/internal/a')).toEqual(refusedAs('UNAUTHENTICATED'));
    expect(await get('/internal/a', asService())).toMatchObject({ status: 200 });
    expect(await get('/internal/b')).toMatchObject({ status: 200 });
  });

  it('tells an open handler who is calling, if anybody', async () => {
    expect(await get('/things/open')).toMatchObject({ body: { kind: 'nobody' } });
    expect(await get('/things/open', asService())).toMatchObject({ body: { kind: 'service' } });
    expect(await get('/things/open', { authorization: 'Bearer x' })).toMatchObject({ body: { kind: 'nobody' } });
    expect(await get('/things/open-but-who')).toEqual(refusedAs('UNAUTHENTICATED'));
  });

  it('authorizes again whom the edge has already authenticated', async () => {
    const early = (roles: string[]) => ({
      'x-early': JSON.stringify({ kind: 'person', userId: 'u', tenantId: 't', roles, sessionId: 's' }),
    });
    expect(await get('/things/finance', early(['finance']))).toEqual({ status: 200, body: 'money' });
    expect(await get('/things/finance', early(['partner']))).toEqual(refusedAs('FORBIDDEN'));
    expect(await get('/things/forgotten', early(['owner']))).toEqual(refusedAs('FORBIDDEN'));
  });
});

describe('@Requires', () => {
  it('can be read from a handler by whoever checks before the guard', () => {
    const accesses = (controller: { prototype: object }, names: string[]) =>
      names.map((name) => accessOf(controller, Reflect.get(controller.prototype, name) as object));
    expect(accesses(Things, ['forServices', 'forgotten'])).toEqual([{ service: true }, undefined]);
    expect(accesses(Internal, ['a', 'b'])).toEqual([{ service: true }, { anyone: true }]);
  });

  it.each([{}, { apiKey: { scopes: [] } }, { person: { roles: [] } }])('refuses %j when it is written', (access) => {
    expect(() => Requires(access)).toThrow(RangeError);
  });
});
