// A server in a process of its own whose one route keeps the core busy, for the spec of overload. Ends with its parent.
import { pbkdf2Sync } from 'node:crypto';
import { Requires } from '@dailydoco/auth';
import { EventLoopPressure, LoadShedder } from '@dailydoco/resilience';
import { Controller, Get, Module } from '@nestjs/common';
import { createHttpApp } from '../src/index.js';
import { newLifecycle, silentLogger } from './shop.js';

// Some milliseconds of a core of today; an amount of work, not of time, so that a machine that is busy elsewhere takes longer.
const ROUNDS = 20_000;

@Controller()
class BusyController {
  @Get('work')
  @Requires({ anyone: true })
  work(): object {
    pbkdf2Sync('work', 'salt', ROUNDS, 32, 'sha256');
    return {};
  }
}

@Module({ controllers: [BusyController] })
class BusyModule {}

const lifecycle = newLifecycle();
const pressure = process.argv[2] === 'shed' ? new EventLoopPressure({ delayMaxMs: 50 }) : undefined;
const shedder = new LoadShedder({ edge: 'http', inFlightMax: 100_000, pressure });
const app = await createHttpApp({ module: BusyModule, logger: silentLogger, lifecycle, shedder });
await app.listen(0, '127.0.0.1');
process.once('disconnect', () => process.exit(0));
process.send?.({ url: (await app.getUrl()).replace(/\/$/, '') });
