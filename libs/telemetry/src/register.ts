// Loaded before anything else: `node --import @dailydoco/telemetry/register dist/main.js`.
//
// The hook comes first. ES modules cannot be patched after they are loaded, so import-in-the-middle must stand in the
// loader before pg, grpc-js, ioredis or kafkajs are imported; without it the latter three are silently not traced. Only
// what is instrumented is intercepted, everything else loads as if the hook were not there.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { register } from 'import-in-the-middle/register-hooks.mjs';

register({ include: ['pg', 'pg-pool', '@grpc/grpc-js', 'ioredis', 'kafkajs'] });

const { startTelemetry } = await import('./sdk.js');
startTelemetry(process.env);

// Node's own modules are patched where CommonJS loads them; doing that here makes it certain, and once only: going
// through the hook as well would give every outgoing request two spans.
const require = createRequire(import.meta.url);
require('node:http');
require('node:https');
syncBuiltinESMExports();
