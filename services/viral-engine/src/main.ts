// `node --import @dailydoco/telemetry/register dist/main.js`: boots the service and shuts it down, nothing else.
import { boot } from '@dailydoco/service';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { createService } from './service.js';

const runtime = createRuntime(readConfig());
await createService(runtime);
await boot(runtime, 'viral-engine takes purchases');
