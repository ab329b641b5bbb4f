import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';

export interface HttpFigure {
  readonly perSecond: number;
  readonly p99Ms: number;
}

export interface HttpLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly apiKey?: string;
  /** A POST with this body, made anew for each request; a GET when absent. */
  readonly nextBody?: () => string;
  /** The status that counts; any other fails the run. */
  readonly expectedStatus: number;
}

/** Loads one address with a fixed number of connections, each sending its next request when the last was answered. */
export async function httpLoad(load: HttpLoad): Promise<HttpFigure> {
  const { nextBody } = load;
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    duration: load.seconds,
    headers: load.apiKey === undefined ? {} : { authorization: `Bearer ${load.apiKey}` },
    ...(nextBody === undefined
      ? {}
      : {
          requests: [
            {
              method: 'POST',
              setupRequest: (request) => ({
                ...request,
                body: nextBody(),
                headers: {
                  ...request.headers,
                  'content-type': 'application/json',
                  'idempotency-key': randomUUID(),
                },
              }),
            },
          ],
        }),
  });
  const statuses = Object.entries(result.statusCodeStats ?? {});
  const good = statuses.find(([status]) => Number(status) === load.expectedStatus)?.[1].count ?? 0;
  const others = statuses.filter(([status]) => Number(status) !== load.expectedStatus);
  if (others.length > 0 || result.errors > 0)
    throw new Error(`${load.url}: ${JSON.stringify(others)} beside ${load.expectedStatus}, ${result.errors} errors`);
  return { perSecond: good / result.duration, p99Ms: result.latency.p99 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError('there is no median of nothing');
  return sorted.length % 2 === 1 ? middle : (middle + (sorted[sorted.length / 2 - 1] ?? middle)) / 2;
}
