import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { serviceNameOf } from './definitions.js';
import type { ServiceDefinition } from './definitions.js';

/** The name that stands for the server as a whole in grpc.health.v1. */
const OVERALL = '';

interface EndableWatch {
  end(): unknown;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** grpc.health.v1 of one server: each of its services, and the whole. */
export class GrpcHealth {
  readonly #implementation: HealthImplementation;
  readonly #names: readonly string[];
  readonly #watches = new Set<EndableWatch>();

  constructor(services: readonly ServiceDefinition[]) {
    const paths = services.flatMap((definition) => Object.values(definition).map(({ path }) => path));
    this.#names = [OVERALL, ...new Set(paths.map(serviceNameOf))];
    this.#implementation = new HealthImplementation(
      Object.fromEntries(this.#names.map((name) => [name, 'NOT_SERVING'])),
    );
  }

  addTo(server: Server): void {
    this.#implementation.addToServer({
      addService: (definition, handlers) => {
        const { watch, ...others } = handlers as UntypedServiceImplementation;
        server.addService(definition, {
          ...others,
          watch: (call: EndableWatch) => {
            this.#watches.add(call);
            call.on('cancelled', () => this.#watches.delete(call));
            Reflect.apply(watch as (call: EndableWatch) => void, undefined, [call]);
          },
        });
      },
    });
  }

  serving(): void {
    for (const name of this.#names) this.#implementation.setStatus(name, 'SERVING');
  }

  /** Watchers hear of it at once. */
  notServing(): void {
    for (const name of this.#names) this.#implementation.setStatus(name, 'NOT_SERVING');
  }

  /** A watch has no end of its own, and a server that drains would wait for it. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
  }
}
