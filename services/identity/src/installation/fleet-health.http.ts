import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { z } from 'zod';
import { checkFleet, type ServiceProbe } from './fleet-health.js';

/** Where Nest finds the probes of all services. */
export const PROBES = Symbol('PROBES');

const healthSchema = z.object({ services: z.array(z.string()) }).meta({ id: 'FleetHealth' });

@Controller('healthz')
export class FleetHealthHttp {
  readonly #probes: readonly ServiceProbe[];

  constructor(@Inject(PROBES) probes: readonly ServiceProbe[]) {
    this.#probes = probes;
  }

  @Get()
  @Requires({ anyone: true })
  @Header('cache-control', 'no-store')
  @Answers(
    { 200: { description: 'Every service answers.', schema: healthSchema } },
    { summary: 'Is the installation well', description: 'For people and monitors, never a probe of one service.' },
  )
  async check(): Promise<{ services: string[] }> {
    return { services: await checkFleet(this.#probes) };
  }
}
