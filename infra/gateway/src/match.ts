import type { KongDocument, KongRoute, KongService } from './kong.js';

/** A route and the service behind it; none for a route that is terminated here. */
export interface Target {
  readonly route: KongRoute;
  readonly service: KongService | undefined;
}

interface Prefix extends Target {
  readonly prefix: string;
}

interface Pattern extends Target {
  readonly pattern: RegExp;
}

/**
 * Finds the route of a path as Kong's router does for routes that differ by path alone: patterns first, then the longest
 * prefix. Kong gives patterns of one priority no order, so the route table has no two that one path could match.
 */
export class RouteMatcher {
  readonly #patterns: Pattern[] = [];
  readonly #prefixes: Prefix[] = [];

  constructor({ services, routes }: Pick<KongDocument, 'services' | 'routes'>) {
    const targets: Target[] = [
      ...services.flatMap((service) => service.routes.map((route) => ({ route, service }))),
      ...routes.map((route) => ({ route, service: undefined })),
    ];
    for (const target of targets) {
      for (const path of target.route.paths) {
        if (path.startsWith('~')) this.#patterns.push({ ...target, pattern: new RegExp(`^(?:${path.slice(1)})`, 'u') });
        else this.#prefixes.push({ ...target, prefix: path });
      }
    }
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** `path`: normalised, without the query. */
  find(path: string): Target | undefined {
    return (
      this.#patterns.find(({ pattern }) => pattern.test(path)) ??
      this.#prefixes.find(({ prefix }) => path.startsWith(prefix))
    );
  }
}

const DOT_SEGMENT = /\/\.\.|\.\.\//;

/**
 * The path that is matched and sent on: dot segments resolved, also encoded ones, repeated slashes made one. An encoded slash
 * stays encoded. Undefined for what is no path at all, and for one that would have dot segments once its slashes are decoded:
 * nobody means well with it.
 */
export function normalisePath(rawUrl: string): { path: string; query: string } | undefined {
  const end = rawUrl.indexOf('?');
  const raw = end === -1 ? rawUrl : rawUrl.slice(0, end);
  if (!raw.startsWith('/') || /[\\\s#]/.test(raw)) return undefined;
  try {
    const { pathname } = new URL(`http://gateway${raw.replaceAll(/\/{2,}/g, '/')}`);
    if (DOT_SEGMENT.test(decodeURIComponent(pathname))) return undefined;
    return { path: pathname, query: end === -1 ? '' : rawUrl.slice(end) };
  } catch {
    return undefined;
  }
}
