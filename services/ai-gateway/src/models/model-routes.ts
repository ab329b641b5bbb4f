import { DomainError } from '@dailydoco/errors';
import type { Provider } from '../providers/provider.js';

/** A model as callers may choose it. */
export interface Model {
  readonly id: string;
  readonly ownedBy: string;
  readonly createdSeconds: number;
}

/** Which provider answers for which model; every model has exactly one. */
export class ModelRoutes {
  readonly #providers = new Map<string, Provider>();

  constructor(providers: readonly Provider[]) {
    for (const provider of providers) {
      for (const model of provider.models) {
        if (this.#providers.has(model)) throw new Error(`two providers have the model ${model}`);
        this.#providers.set(model, provider);
      }
    }
  }

  /** In the order of the settings. */
  list(): Model[] {
    return Array.from(this.#providers, ([id, { ownedBy, createdSeconds }]) => ({ id, ownedBy, createdSeconds }));
  }

  /** Throws MODEL_NOT_FOUND for a model that nobody has. */
  providerOf(model: string): Provider {
    const provider = this.#providers.get(model);
    if (provider === undefined) {
      throw new DomainError('MODEL_NOT_FOUND', { detail: `The model '${model}' does not exist.` });
    }
    return provider;
  }
}
