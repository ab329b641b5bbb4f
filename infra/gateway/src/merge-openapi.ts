// `node dist/merge-openapi.js`: asks every service for its OpenAPI document and writes the one of the whole public API to
// where identity serves it from.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mergeDocuments, type OpenApiDocument } from './openapi.js';
import { SERVICES, type ServiceName } from './routes.js';

const run = promisify(execFile);
const TARGET = fileURLToPath(new URL('../../../services/identity/openapi/openapi.json', import.meta.url));
const LARGEST = 32 * 1024 * 1024;

/** A checkout may hold a part of the fleet. */
function isHere(service: ServiceName): boolean {
  return existsSync(fileURLToPath(new URL(`../../../services/${service}/src/openapi.ts`, import.meta.url)));
}

async function documentOf(service: ServiceName): Promise<[ServiceName, OpenApiDocument]> {
  const cwd = fileURLToPath(new URL(`../../../services/${service}`, import.meta.url));
  if (!existsSync(`${cwd}/dist/openapi.js`)) throw new Error(`${service} has no dist/openapi.js; build it first`);
  const { stdout } = await run(process.execPath, ['dist/openapi.js'], { cwd, maxBuffer: LARGEST });
  return [service, JSON.parse(stdout) as OpenApiDocument];
}

const documents: [ServiceName, OpenApiDocument][] = [];
for (const service of SERVICES.filter(isHere)) documents.push(await documentOf(service));
mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(TARGET, `${JSON.stringify(mergeDocuments(new Map(documents)), undefined, 2)}\n`);
