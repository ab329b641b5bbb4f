import type { Mortal } from '@dailydoco/testing';
import { currencyOf } from '@dailydoco/money';
import { type CallRail, type Payment, type RailAnswer, type RailKind, RailRefusal } from '../../src/rails/rail.js';
import { type Order, type Provider, Refused, type Said } from './provider.js';

/** A call to a provider that somebody waits for. */
export interface RailCall {
  readonly owner: Mortal;
  readonly command: number;
  readonly name: string;
  readonly provider: Provider;
  /** What the provider is told; undefined: it is only asked. */
  readonly order: Order | undefined;
  /** The call arrives at the provider. */
  readonly arrive: () => Said;
  readonly resolve: (answer: RailAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** What befalls a call to a provider. */
export type CallFault = 'lost before' | 'lost after' | 'late' | 'twice' | 'late answer';

/** The line to all providers: every call waits here until the scheduler lets it through. */
export class RailLine {
  /** Calls go through at once; what befalls them then. */
  isOpen = true;
  faultOf: (call: RailCall) => CallFault | undefined = () => undefined;
  /** What a provider saw that must never be; whoever called has taken it for an answer that was lost. */
  failure: unknown;
  #waiting: RailCall[] = [];
  readonly #commandOf: () => number;

  constructor(commandOf: () => number) {
    this.#commandOf = commandOf;
  }

  get waiting(): readonly RailCall[] {
    return this.#waiting.toSorted((a, b) => a.command - b.command);
  }

  call(what: Pick<RailCall, 'owner' | 'name' | 'provider' | 'order' | 'arrive'>): Promise<RailAnswer> {
    if (what.owner.dead) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const call = { ...what, command: this.#commandOf(), resolve, reject };
      this.#waiting.push(call);
      if (this.isOpen) this.letThrough(call, this.faultOf(call));
    });
  }

  /** Keeps what the provider says must not be. */
  check(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure ??= error;
    }
  }

  letThrough(call: RailCall, fault?: CallFault): void {
    this.#waiting = this.#waiting.filter((each) => each !== call);
    const lost = new Error('the line to the rail was cut');
    if (fault === 'lost before') return call.reject(lost);
    if (fault === 'late' && call.order !== undefined) {
      call.provider.submitLater(call.order);
      return call.reject(new Error('the rail took too long'));
    }
    if (fault === 'late answer') return this.#holdAnswer(call);
    try {
      if (fault === 'twice') call.arrive();
      const answer = call.arrive();
      if (fault === 'lost after') call.reject(lost);
      else call.resolve(answer);
    } catch (error) {
      if (!(error instanceof Refused)) this.failure ??= error;
      if (!(error instanceof Refused)) return call.reject(lost);
      call.reject(fault === 'lost after' ? lost : new RailRefusal(error.message));
    }
  }

  /** The call arrives now; its answer waits on the line like another call. */
  #holdAnswer(call: RailCall): void {
    let answer: () => Said;
    try {
      const said = call.arrive();
      answer = () => said;
    } catch (error) {
      if (!(error instanceof Refused)) this.failure ??= error;
      answer = () => {
        throw error;
      };
    }
    this.#waiting.push({ ...call, name: `${call.name} answer`, order: undefined, arrive: answer });
  }

  /** A process died: what it had on the line arrives or does not, and nobody hears the answer. */
  drop(owner: Mortal, arrives: (call: RailCall) => boolean): void {
    const dropped = this.waiting.filter((call) => call.owner === owner);
    for (const call of dropped)
      this.letThrough({ ...call, resolve: ignore, reject: ignore }, arrives(call) ? undefined : 'lost before');
    this.#waiting = this.#waiting.filter((call) => call.owner !== owner);
  }
}

function ignore(): void {
  return undefined;
}

const LIMITS = { minimumMicros: 1_000_000n, maximumMicros: 10_000_000_000n, fee: { fixedMicros: 0n, bps: 0 } };

/** A rail that is called, with a provider of the simulation behind it. */
export function lineTo({
  kind,
  provider,
  line,
  owner,
}: {
  kind: RailKind;
  provider: () => Provider;
  line: () => RailLine;
  owner: Mortal;
}): CallRail<string> {
  const orderOf = ({ reference, amountMicros: micros, currency }: Payment<string>): Order => ({
    reference,
    micros,
    currency,
  });
  return {
    kind,
    mode: 'call',
    capabilities: {
      limits: new Map([[currencyOf('USD'), LIMITS]]),
      countries: 'any',
      typicalHours: 1,
      returnableHours: 48,
      patienceHours: 24,
    },
    destinationOf: String,
    countryOf: () => undefined,
    mask: () => '••••',
    fingerprintOf: String,
    submit: (payment) => {
      const order = orderOf(payment);
      line().check(() => provider().called(order));
      const arrive = (): Said => provider().submit(order);
      return line().call({ owner, name: `${kind} submit`, provider: provider(), order, arrive });
    },
    find: ({ reference }) => {
      const arrive = (): Said => provider().find(reference);
      return line().call({ owner, name: `${kind} find`, provider: provider(), order: undefined, arrive });
    },
  };
}
