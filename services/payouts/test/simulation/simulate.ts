import { type Course, seededRandom, type Statement, type StatementCut } from '@dailydoco/testing';
import fc from 'fast-check';
import type { Arena } from './arena.js';
import { auditEnd, auditRound } from './auditor.js';
import { Broken, insist, oneOf } from './broken.js';
import { type Command, command, request, WAITS_MS } from './commands.js';
import { drain } from './drain.js';
import type { CallFault, RailCall } from './rail-line.js';
import { World } from './world.js';

/** Commands that run side by side. */
export interface Round {
  /** How far the clock goes before it, in milliseconds. */
  readonly waitMs: number;
  /** Decides the order of everything in it, and what goes wrong when. */
  readonly order: number;
  /** How many faults may befall it. */
  readonly faults: number;
  /** Per cent: how often the command goes on that went on before. */
  readonly haste: number;
  readonly commands: readonly Command[];
}

/** Payouts that were asked for before anything goes wrong. */
const FIRST_REQUESTS = 2;
/** Most commands of a round. */
const TOGETHER = 5;
/** Processes stand still for this long: a claim runs out meanwhile. */
const STALL_MS = 60_000;
const STALLED: readonly CallFault[] = ['lost before', 'lost after', 'late', 'late answer', 'late answer'];

/** Anything that may happen, of at most so many commands. */
export function scripts(steps: number): fc.Arbitrary<readonly Round[]> {
  const round = fc.record({
    waitMs: fc.constantFrom(...WAITS_MS),
    order: fc.nat(),
    faults: fc.constantFrom(0, 0, 1, 2, 3),
    haste: fc.constantFrom(0, 50, 90),
    commands: fc.array(command, { minLength: 1, maxLength: TOGETHER, size: 'max' }),
  });
  return fc.array(round, { minLength: 1, maxLength: Math.ceil((steps * 2) / TOGETHER), size: 'max' });
}

export function linesOf({ waitMs, order, faults, haste, commands }: Round): readonly string[] {
  const title = `after ${waitMs} ms, order ${order}, faults ${faults}, haste ${haste}:`;
  return [title, ...commands.map(({ text }) => `  ${text}`)];
}

/** Runs a script to its end, or to what breaks. */
export async function simulate(script: readonly Round[], seed: number, arena: Arena): Promise<Course> {
  const { gate } = arena;
  gate.closed = false;
  const world = await World.begin(arena, seed);
  const course = new Simulation(world);
  let failure: unknown;
  try {
    for (let n = 0; n < FIRST_REQUESTS; n += 1) await request(world, drawn(world), drawn(world));
    gate.closed = true;
    world.line.isOpen = false;
    for (const round of script) await course.run(round);
    gate.closed = false;
    world.line.isOpen = true;
    await drain(world);
    await auditEnd(world);
  } catch (error) {
    failure = world.failure ?? world.line.failure ?? error;
  }
  if (failure === undefined) await gate.bury();
  return { tally: world.tally, trace: course.trace, failure };
}

const drawn = ({ random }: World): number => Math.floor(random() * 0xffff);

interface Scheduler {
  readonly random: () => number;
  readonly haste: number;
  faults: number;
  last: number;
}

type Choice = { readonly statement: Statement } | { readonly call: RailCall } | 'start';

class Simulation {
  readonly trace: string[] = [];
  readonly #world: World;
  #commands = 0;
  #running = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Runs a round until every command has its answer, and checks what must hold then. */
  async run(round: Round): Promise<void> {
    const world = this.#world;
    world.clock.advance(round.waitMs);
    const sentBefore = world.left;
    const stopped = world.stopped && round.commands.every(({ name }) => name !== 'stop');
    const scheduler = { random: seededRandom(round.order), faults: round.faults, haste: round.haste / 100, last: -1 };
    const waiting = round.commands.map((each) => ({ each, id: (this.#commands += 1) }));
    for (;;) {
      await this.#settle();
      const choices = this.#choices(waiting.length > 0);
      if (choices.length === 0 && this.#running === 0) break;
      if (choices.length === 0) await this.#waitForLocks();
      else await this.#take(this.#choose(choices, scheduler), scheduler, waiting);
    }
    world.tally.count('rounds: all');
    insist(!stopped || world.left === sentBefore, () => 'a rail was told to pay while everything was stopped');
    await auditRound(world);
  }

  #choices(more: boolean): Choice[] {
    const { arena, line } = this.#world;
    return [
      ...arena.gate.parked.map((statement) => ({ statement })),
      ...line.waiting.map((call) => ({ call })),
      ...(more ? (['start'] as const) : []),
    ];
  }

  #choose(choices: readonly Choice[], { random, haste, last }: Scheduler): Choice {
    if (random() < haste) {
      const same = choices.find((choice) => commandOf(choice) === last);
      if (same !== undefined) return same;
    }
    return oneOf(choices, random);
  }

  async #take(choice: Choice, scheduler: Scheduler, waiting: { each: Command; id: number }[]): Promise<void> {
    if (this.#stalls(scheduler)) return;
    if (choice === 'start') {
      const next = waiting.shift();
      if (next !== undefined) this.#start(next.each, next.id);
      return;
    }
    scheduler.last = commandOf(choice);
    if ('call' in choice) await this.#letThrough(choice.call, scheduler);
    else await this.#release(choice.statement, scheduler);
  }

  #start(each: Command, id: number): void {
    this.trace.push(`start ${each.name}`);
    this.#world.tally.count(`commands: ${each.name}`);
    this.#running += 1;
    void this.#world.arena.gate
      .inCommand(id, () => each.run(this.#world))
      .catch((error: unknown) => {
        this.#world.failure ??= error;
      })
      .finally(() => (this.#running -= 1));
  }

  /** Everybody stands still for longer than a claim lasts; what was on the line is lost, arrives later, or is answered later. */
  #stalls(scheduler: Scheduler): boolean {
    const { clock, line, tally, mayStall } = this.#world;
    // While somebody waits for a rail most can go wrong.
    const likely = line.waiting.length > 0 ? 0.15 : 0.03;
    if (!mayStall || scheduler.faults === 0 || scheduler.random() >= likely) return false;
    scheduler.faults -= 1;
    this.trace.push('a stall');
    tally.count('faults: everything stands still for a minute');
    for (const call of line.waiting) line.letThrough(call, oneOf(STALLED, scheduler.random));
    clock.advance(STALL_MS);
    return true;
  }

  async #letThrough(call: RailCall, scheduler: Scheduler): Promise<void> {
    const { line, tally, arena } = this.#world;
    const fault = this.#callFault(call, scheduler);
    this.trace.push(`${call.command} ${call.owner.name} ${call.name}${fault === undefined ? '' : ` — ${fault}`}`);
    tally.count(`rails: ${call.name}`);
    if (fault === undefined) return line.letThrough(call);
    scheduler.faults -= 1;
    tally.count(`faults: rail ${fault}`);
    if (fault === 'process dies') {
      // What the process had on the line arrives or does not.
      line.drop(call.owner, () => scheduler.random() < 0.5);
      await arena.kill(call.owner);
    } else {
      line.letThrough(call, fault);
    }
  }

  #callFault({ order, provider }: RailCall, { random, faults }: Scheduler): CallFault | 'process dies' | undefined {
    const [drawn, kind] = [random(), random()];
    if (faults === 0 || drawn >= 0.6) return undefined;
    const twice = order !== undefined && provider.knowsReferences ? (['late', 'twice'] as const) : [];
    return oneOf(['lost before', 'lost after', 'process dies', ...twice] as const, () => kind);
  }

  async #release(statement: Statement, scheduler: Scheduler): Promise<void> {
    const { tally, line, arena } = this.#world;
    const { text, owner, command: id } = statement;
    const short = text.trim().replaceAll(/\s+/g, ' ').slice(0, 60);
    const fault = this.#fault(statement, scheduler);
    this.trace.push(`${id} ${owner.name} ${short}${fault === undefined ? '' : ` — ${fault}`}`);
    tally.count('database: statements');
    if (fault === undefined) return arena.gate.release(statement);
    scheduler.faults -= 1;
    tally.count(`faults: ${fault} ${text === 'COMMIT' ? 'COMMIT' : 'a statement'}`);
    if (fault !== 'process dies before') await arena.gate.release(statement, CUTS[fault]);
    if (!fault.startsWith('process')) return;
    await this.#settle();
    line.drop(owner, () => scheduler.random() < 0.5);
    await arena.kill(owner);
  }

  #fault({ text }: Statement, { random, faults }: Scheduler): Fault | undefined {
    // A commit is where most can go wrong.
    const likely = text === 'COMMIT' ? 0.12 : 0.015;
    const [drawn, kind] = [random(), random()];
    if (faults === 0 || drawn >= likely) return undefined;
    return oneOf(FAULTS, () => kind);
  }

  async #settle(): Promise<void> {
    const { arena, line, tally } = this.#world;
    await arena.gate.settle();
    const failure = this.#world.failure ?? line.failure;
    if (failure !== undefined) throw failure;
    if (arena.gate.blocked > 0) tally.count('contention: a statement waits for a lock');
    const [fault] = arena.gate.faults;
    if (fault !== undefined) throw new Broken(fault);
  }

  /** Everything waits for locks: the server will find the circle, or nobody ever lets go. */
  async #waitForLocks(): Promise<void> {
    const { gate } = this.#world.arena;
    const hangs = gate.blocked === 0 || (await gate.isStuck());
    if (hangs) throw new Broken(`${this.#running} commands wait for ever, ${gate.blocked} of them for locks`);
  }
}

function commandOf(choice: Choice): number {
  if (choice === 'start') return -2;
  return 'call' in choice ? choice.call.command : choice.statement.command;
}

const CUTS = {
  'connection cut before': 'before',
  'connection cut after': 'after',
  'process dies after': 'silence',
  'process dies before': undefined,
} as const satisfies Record<string, StatementCut | undefined>;
type Fault = keyof typeof CUTS;
const FAULTS = Object.keys(CUTS) as Fault[];
