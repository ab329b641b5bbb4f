// `node --import @dailydoco/telemetry/register dist/main.js`: boots the service and shuts it down, nothing else.
import { shutdownTelemetry } from '@dailydoco/telemetry';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { createService } from './service.js';

const runtime = createRuntime(readConfig());
runtime.lifecycle.onStop('stores', 'telemetry', () => shutdownTelemetry());
await createService(runtime);
runtime.lifecycle.installSignalHandlers();
await runtime.lifecycle.start();
runtime.logger.info({ http: runtime.config.HTTP_PORT, grpc: runtime.config.GRPC_PORT }, 'analytics takes events');
