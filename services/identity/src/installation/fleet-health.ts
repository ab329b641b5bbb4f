import { DomainError } from '@dailydoco/errors';

/** A service of the installation, and how it is asked whether it serves. */
export interface ServiceProbe {
  readonly name: string;
  isServing(): Promise<boolean>;
}

/** Throws UNAVAILABLE naming the services that do not serve; resolves to the names of all. */
export async function checkFleet(probes: readonly ServiceProbe[]): Promise<string[]> {
  const answers = await Promise.all(
    probes.map(async (probe) => ({ name: probe.name, serves: await probe.isServing() })),
  );
  const away = answers.filter(({ serves }) => !serves).map(({ name }) => name);
  if (away.length > 0)
    throw new DomainError('UNAVAILABLE', {
      detail: `Not reachable: ${away.join(', ')}.`,
      metadata: { services: away.join(',') },
    });
  return answers.map(({ name }) => name);
}
