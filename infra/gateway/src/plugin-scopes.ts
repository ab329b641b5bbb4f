import type { KongDocument, KongPlugin, KongRoute } from './kong.js';

/** An entry and where it stands: requests of one route, or of all routes (`global`), are counted together. */
export interface Placed {
  readonly plugin: KongPlugin;
  readonly place: string;
}

export const GLOBAL_PLACE = 'global';

/**
 * Finds the one entry of a plugin that Kong runs for a request, the most specific: of consumer and route, then of the
 * consumer, then of the route, then for all.
 */
export class PluginScopes {
  readonly #entries: readonly Placed[];

  constructor({ services, routes, plugins }: KongDocument) {
    const ofRoute = ({ name, plugins: own = [] }: KongRoute): Placed[] =>
      own.map((plugin) => ({ plugin, place: name }));
    this.#entries = [
      ...plugins.map((plugin) => ({ plugin, place: GLOBAL_PLACE })),
      ...[...services.flatMap((service) => service.routes), ...routes].flatMap(ofRoute),
    ];
  }

  /** Every entry of a plugin. */
  all(name: string): Placed[] {
    return this.#entries.filter(({ plugin }) => plugin.name === name);
  }

  find(name: string, { route, consumer }: { route: string; consumer?: string | undefined }): Placed | undefined {
    const at = (place: string, who: string | undefined) =>
      this.#entries.find(
        (entry) => entry.plugin.name === name && entry.place === place && entry.plugin.consumer === who,
      );
    const ofConsumer = consumer === undefined ? undefined : (at(route, consumer) ?? at(GLOBAL_PLACE, consumer));
    return ofConsumer ?? at(route, undefined) ?? at(GLOBAL_PLACE, undefined);
  }
}

/** Answers of `make` for each entry of a plugin that a request can meet, made once. */
export class PerEntry<T> {
  readonly #scopes: PluginScopes;
  readonly #name: string;
  readonly #made: ReadonlyMap<KongPlugin, T>;
  readonly #found = new Map<string, T | undefined>();

  constructor(scopes: PluginScopes, name: string, make: (entry: Placed) => T) {
    this.#scopes = scopes;
    this.#name = name;
    this.#made = new Map(scopes.all(name).map((entry) => [entry.plugin, make(entry)]));
  }

  for(route: string, consumer?: string): T | undefined {
    // Routes and consumers are those of the file: the map is bounded by it.
    const key = `${route} ${consumer ?? ''}`;
    if (!this.#found.has(key)) {
      const entry = this.#scopes.find(this.#name, { route, consumer });
      this.#found.set(key, entry && this.#made.get(entry.plugin));
    }
    return this.#found.get(key);
  }
}
