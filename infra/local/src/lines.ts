import type { AdvertisedListener } from '@dailydoco/stores';
import { type FleetAddresses, SERVICES, type ServiceName } from './services.js';

/** A process of the fleet that connects to others. */
export type Caller = ServiceName | 'gateway';

/** The way from one process to another that it connects to. */
export interface Line {
  readonly from: Caller;
  readonly to: ServiceName | 'postgres' | 'redis' | 'kafka';
  readonly protocol: 'postgres' | 'redis' | 'kafka' | 'grpc' | 'http';
  /** Where it ends. */
  readonly port: number;
}

/** Puts something into a line and tells the port where the line begins from now on. */
export type LayLine = (line: Line) => Promise<number>;

/** The lines of a fleet as each process is to see them. */
export interface LaidLines {
  readonly kafkaAdvertised: readonly AdvertisedListener[];
  /** The addresses that one process is given, for the fleet's true ones. */
  seenBy(caller: Caller, addresses: FleetAddresses): FleetAddresses;
}

type Ports = Readonly<Record<string, number>>;

/** The name of the port on which Kafka listens for one service: Kafka tells clients where to connect, by listener. */
export const kafkaListenerOf = (service: ServiceName): string => `kafka-${service}`;

function portOf(ports: Ports, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`no port was chosen for ${name}`);
  return port;
}

/** Every line between processes of the fleet; the ways of clients to the gateway are none of them. */
function linesOf(ports: Ports): Line[] {
  const of = (from: Caller, to: Line['to'], protocol: Line['protocol'], name: string): Line => {
    return { from, to, protocol, port: portOf(ports, name) };
  };
  return [
    ...SERVICES.flatMap((from) => [
      of(from, 'postgres', 'postgres', 'postgres'),
      of(from, 'redis', 'redis', 'redis'),
      of(from, 'kafka', 'kafka', kafkaListenerOf(from)),
      ...(from === 'identity' ? [] : [of(from, 'identity', 'http', 'identity-http')]),
      ...SERVICES.filter((to) => to !== from).map((to) => of(from, to, 'grpc', `${to}-grpc`)),
    ]),
    of('gateway', 'redis', 'redis', 'redis'),
    ...SERVICES.map((to) => of('gateway', to, 'http', `${to}-http`)),
  ];
}

/** Has every line laid. To be done before the stores start, because Kafka must know what to tell its clients. */
export async function layLines(ports: Ports, lay: LayLine): Promise<LaidLines> {
  const begins = new Map<string, number>();
  const keyOf = ({ from, to, protocol }: Omit<Line, 'port'>): string => `${from} ${to} ${protocol}`;
  const kafkaAdvertised: AdvertisedListener[] = [];
  for (const line of linesOf(ports)) {
    const begin = await lay(line);
    begins.set(keyOf(line), begin);
    if (line.protocol === 'kafka') kafkaAdvertised.push({ port: line.port, advertisedPort: begin });
  }
  const led = (line: Omit<Line, 'port'>, port: number): number => begins.get(keyOf(line)) ?? port;
  return {
    kafkaAdvertised,
    seenBy: (from, addresses) => {
      const moved = (text: string, to: 'postgres' | 'redis'): string => {
        const url = new URL(text);
        url.port = String(led({ from, to, protocol: to }, Number(url.port)));
        return url.href;
      };
      const seen = SERVICES.map((to) => {
        const { http, grpc } = addresses.ports[to];
        if (to === from) return [to, { http, grpc }];
        return [
          to,
          { http: led({ from, to, protocol: 'http' }, http), grpc: led({ from, to, protocol: 'grpc' }, grpc) },
        ];
      });
      const databases = SERVICES.map((name) => {
        const { owner, app } = addresses.databaseUrls[name];
        return [name, { owner, app: name === from ? moved(app, 'postgres') : app }];
      });
      const kafka = begins.get(keyOf({ from, to: 'kafka', protocol: 'kafka' }));
      return {
        ...addresses,
        ports: Object.fromEntries(seen) as FleetAddresses['ports'],
        databaseUrls: Object.fromEntries(databases) as FleetAddresses['databaseUrls'],
        kafkaBrokers: kafka === undefined ? addresses.kafkaBrokers : [`127.0.0.1:${kafka}`],
        redisUrl: moved(addresses.redisUrl, 'redis'),
      };
    },
  };
}
