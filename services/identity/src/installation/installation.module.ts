import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GrpcHealthClient } from '@dailydoco/grpc';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { DOCS_FILES, type DocsFiles, DocsHttp } from './docs.http.js';
import type { ServiceProbe } from './fleet-health.js';
import { FleetHealthHttp, PROBES } from './fleet-health.http.js';

function probes({ config, lifecycle, grpcTls }: Runtime): ServiceProbe[] {
  const addresses: Readonly<Record<string, string>> = {
    identity: config.IDENTITY_GRPC_ADDRESS,
    'viral-engine': config.VIRAL_ENGINE_GRPC_ADDRESS,
    payouts: config.PAYOUTS_GRPC_ADDRESS,
    analytics: config.ANALYTICS_GRPC_ADDRESS,
    'website-builder': config.WEBSITE_BUILDER_GRPC_ADDRESS,
    'ai-gateway': config.AI_GATEWAY_GRPC_ADDRESS,
  };
  return Object.entries(addresses).map(([name, address]) => {
    const client = new GrpcHealthClient(address, grpcTls);
    lifecycle.onStop('stores', `health of ${name}`, async () => client.close());
    return { name, isServing: () => client.isServing() };
  });
}

/** The document is made at build time and lies beside the service; the page's files come from its package. */
function docsFiles(): DocsFiles {
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const document = fileURLToPath(new URL('../../openapi/openapi.json', import.meta.url));
  return new Map([
    ['openapi.json', { path: document, type: 'application/json; charset=utf-8' }],
    ['swagger-ui.css', { path: join(swagger, 'swagger-ui.css'), type: 'text/css; charset=utf-8' }],
    ['swagger-ui-bundle.js', { path: join(swagger, 'swagger-ui-bundle.js'), type: 'text/javascript; charset=utf-8' }],
    ['favicon-32x32.png', { path: join(swagger, 'favicon-32x32.png'), type: 'image/png' }],
  ]);
}

@Module({
  providers: [
    { provide: PROBES, useFactory: probes, inject: [RUNTIME] },
    { provide: DOCS_FILES, useFactory: docsFiles },
  ],
  controllers: [FleetHealthHttp, DocsHttp],
})
export class InstallationModule {}
