import {
  PurchaseServiceService,
  RecordPurchaseRequest,
  RecordPurchaseResponse,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createLogger } from '@dailydoco/telemetry';
import { NestFactory } from '@nestjs/core';
import { Module, UseInterceptors } from '@nestjs/common';
import type { CallHandler, NestInterceptor, Type } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import { GrpcController, GrpcRequires, GrpcTransport } from '../src/index.js';
import type { GrpcTransportOptions } from '../src/index.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testAuthenticator, testClient } from './test-server.js';

const cleanup = cleanupAfterEach();
const answer = RecordPurchaseResponse.create();

async function boot(controllers: Type[], options: Partial<GrpcTransportOptions> = {}): Promise<GrpcTransport> {
  @Module({ controllers })
  class BootModule {}
  const logger = createLogger({ service: 'test', level: 'silent' });
  const transport = new GrpcTransport({
    host: '127.0.0.1',
    port: 0,
    services: [PurchaseServiceService],
    authenticator: testAuthenticator(),
    lifecycle: new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 1_000 }),
    logger,
    ...options,
  });
  cleanup(() => transport.close());
  const app = await NestFactory.createMicroservice(BootModule, { strategy: transport, logger: false });
  await app.listen();
  return transport;
}

@GrpcController(PurchaseServiceService)
@GrpcRequires({ service: true })
class Whole {
  async recordPurchase() {
    return answer;
  }
  async *recordPurchases() {
    yield { correlationId: 1n, result: undefined };
  }
}

describe('the server', () => {
  it('does not start while RPCs have no handler, and names them all', async () => {
    @GrpcController(PurchaseServiceService)
    @GrpcRequires({ service: true })
    class Half {
      async recordPurchase() {
        return answer;
      }
    }

    await expect(boot([Half], { services: [PurchaseServiceService, ReferralServiceService] })).rejects.toThrow(
      /PurchaseService\/RecordPurchases has no handler\n.*ReferralService\/CheckReferral has no handler/,
    );
  });

  it('does not start when a handler does not say who may call it', async () => {
    @GrpcController(PurchaseServiceService)
    class Open {
      @GrpcRequires({ service: true })
      async recordPurchase() {
        return answer;
      }
      async *recordPurchases() {
        yield { correlationId: 1n, result: undefined };
      }
    }

    await expect(boot([Open])).rejects.toThrow(/Open\.recordPurchases lacks @GrpcRequires/);
  });

  it('does not start when two controllers serve one RPC, or a controller serves a service it was not told of', async () => {
    @GrpcController(PurchaseServiceService)
    @GrpcRequires({ service: true })
    class Again {
      async recordPurchase() {
        return answer;
      }
    }
    @GrpcController(ReferralServiceService)
    @GrpcRequires({ service: true })
    class Stray {
      async checkReferral() {
        return { applies: false, referrerId: '' };
      }
    }

    await expect(boot([Whole, Again])).rejects.toThrow(/RecordPurchase is served by both Whole\S+ and Again\S+/);
    await expect(boot([Whole, Stray])).rejects.toThrow(/Stray\.checkReferral serves .*which is not among the services/);
  });

  it('does not start on an address that is taken', async () => {
    const taken = await startTestServer({});
    cleanup(taken.stop);

    await expect(boot([Whole], { port: taken.port })).rejects.toThrow(/EADDRINUSE|No address added/);
  });

  it('does not take deadlines that make no sense', async () => {
    await expect(boot([Whole], { defaultDeadlineMs: 2_000, maxDeadlineMs: 1_000 })).rejects.toThrow(RangeError);
  });

  it("lets Nest's interceptors have their say, on answers and on streams", async () => {
    class Twice implements NestInterceptor {
      intercept(_: unknown, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((value) => (value === answer ? { ...answer, planVersion: 2 } : value)));
      }
    }
    @GrpcController(PurchaseServiceService)
    @GrpcRequires({ service: true })
    @UseInterceptors(Twice)
    class Intercepted extends Whole {}

    const { boundPort } = await boot([Intercepted]);
    const client = testClient(PurchaseServiceService, `127.0.0.1:${boundPort}`);
    cleanup(client.close);

    expect(await client.recordPurchase(RecordPurchaseRequest.create())).toMatchObject({ planVersion: 2 });
    for await (const { correlationId } of client.recordPurchases([])) expect(correlationId).toBe(1n);
  });
});
