import { type Course, seededRandom, type Statement, type StatementCut, type TestDatabase } from '@dailydoco/testing';
import fc from 'fast-check';
import { Broken, insist } from './broken.js';
import { type Command, command } from './commands.js';
import { World } from './world.js';

/** Commands that run side by side. */
interface Round {
  /** How far the clock goes before it. */
  readonly waitHours: number;
  /** Decides the order of everything in it, and what goes wrong when. */
  readonly order: number;
  /** How many faults may befall it. */
  readonly faults: number;
  /** Per cent: how often the command goes on that went on before. */
  readonly haste: number;
  readonly commands: readonly Command[];
}

/** Most commands of a round. */
const TOGETHER = 6;

/** Anything that may happen, of at most so many commands. */
export function scripts(steps: number): fc.Arbitrary<readonly Round[]> {
  const round = fc.record({
    waitHours: fc.constantFrom(0, 0, 1, 5, 24, 31 * 24),
    order: fc.nat(),
    faults: fc.constantFrom(0, 0, 1, 2, 3),
    haste: fc.constantFrom(0, 50, 90),
    commands: fc.array(command, { minLength: 1, maxLength: TOGETHER, size: 'max' }),
  });
  return fc.array(round, { minLength: 1, maxLength: Math.ceil((steps * 2) / TOGETHER), size: 'max' });
}

export interface Surroundings {
  readonly superuserUrl: string;
  /** A new database with the service's tables. */
  readonly database: () => Promise<TestDatabase>;
}

/** Runs a script to its end, or to what breaks. */
export async function simulate(script: readonly Round[], seed: number, given: Surroundings): Promise<Course> {
  const world = await World.begin({ ...given, database: await given.database(), seed });
  const course = new Simulation(world);
  let failure: unknown;
  try {
    for (const round of script) await course.run(round);
    await course.drain();
  } catch (error) {
    failure = world.failure ?? error;
  }
  await world.end();
  return { tally: world.tally, trace: course.trace, failure };
}

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
    const { clock, tally } = this.#world;
    clock.advance(round.waitHours * 3_600_000);
    const scheduler = { random: seededRandom(round.order), faults: round.faults, haste: round.haste / 100, last: -1 };
    const waiting = round.commands.map((each) => ({ each, id: (this.#commands += 1) }));
    for (;;) {
      await this.#settle();
      const { parked } = this.#world.gate;
      const choices = parked.length + (waiting.length > 0 ? 1 : 0);
      if (choices === 0 && this.#running === 0) break;
      if (choices === 0) await this.#waitForLocks();
      const choice = this.#choose(parked, choices, scheduler);
      const statement = parked[choice];
      if (statement !== undefined) {
        scheduler.last = statement.command;
        await this.#release(statement, scheduler);
      } else {
        const next = waiting.shift();
        if (next !== undefined) this.#start(next.each, next.id);
      }
    }
    tally.count('rounds: all');
    await this.#world.check();
  }

  /** Lets the loops finish what they have to do, and insists that nothing is left. */
  async drain(): Promise<void> {
    const { model, auditor, desk, now } = this.#world;
    const calm = { waitHours: 0, order: 1, faults: 0, haste: 0 };
    const loop = (name: string, more: () => boolean, run: Command['run']): Promise<void> =>
      this.#repeat({ ...calm, commands: [{ name, run }] }, more);
    const unsettled = (isSuspended: boolean) => () =>
      this.#world.entries.some((entry) => model.isSuspended(entry) === isSuspended && model.isUnsettled(entry));
    await loop(
      'attribution to the end',
      () => [...auditor.waiting.values()].some((row) => row.waits && auditor.customers.has(row.customer_id)),
      async (world) => void (await world.attempt((process) => process.attribution.runOnce())),
    );
    const sweep: Command['run'] = async (world) => void (await world.attempt((process) => process.settleHolds(50)));
    await loop('holds to the end', unsettled(true), sweep);
    await loop('lifts to the end', unsettled(false), sweep);
    await loop(
      'release to the end',
      () => this.#world.entries.some((entry) => model.isDue(entry, now)),
      async (world) => void (await world.attempt((process) => process.release(50))),
    );
    await loop(
      'deadlines to the end',
      () => [...desk.disputes.values()].some((dispute) => desk.isOverdue(dispute, now)),
      async (world) => void (await world.attempt((process) => process.watchDeadlines())),
    );
  }

  async #repeat(round: Round, more: () => boolean): Promise<void> {
    const most = 200;
    for (let times = 0; more(); times += 1) {
      insist(times < most, () => `${String(round.commands[0]?.name)} finds no end`);
      await this.run(round);
    }
  }

  #start(each: Command, id: number): void {
    this.trace.push(`start ${each.name}`);
    this.#world.tally.count(`commands: ${each.name}`);
    this.#running += 1;
    void this.#world.gate
      .inCommand(id, () => each.run(this.#world, id))
      .catch((error: unknown) => {
        this.#world.failure ??= error;
      })
      .finally(() => (this.#running -= 1));
  }

  #choose(parked: readonly Statement[], choices: number, { random, haste, last }: Scheduler): number {
    if (random() < haste) {
      const same = parked.findIndex(({ command: id }) => id === last);
      if (same !== -1) return same;
    }
    return Math.floor(random() * choices);
  }

  async #release(statement: Statement, scheduler: Scheduler): Promise<void> {
    const { gate, tally } = this.#world;
    const { text, owner, command: id } = statement;
    const short = text.trim().replaceAll(/\s+/g, ' ').slice(0, 60);
    const fault = this.#fault(statement, scheduler);
    this.trace.push(`${id} ${owner.name} ${short}${fault === undefined ? '' : ` — ${fault}`}`);
    tally.count('database: statements');
    if (fault === undefined) return gate.release(statement);
    scheduler.faults -= 1;
    const where = text === 'COMMIT' ? 'COMMIT' : 'a statement';
    tally.count(`faults: ${fault} ${where}`);
    if (fault !== 'process dies before') await gate.release(statement, CUTS[fault]);
    if (!fault.startsWith('process')) return;
    await this.#settle();
    await this.#world.kill(owner);
  }

  #fault({ text }: Statement, { random, faults }: Scheduler): Fault | undefined {
    // A commit is where most can go wrong.
    const likely = text === 'COMMIT' ? 0.25 : 0.03;
    const drawn = random();
    const kind = random();
    if (faults === 0 || drawn >= likely) return undefined;
    return FAULTS[Math.floor(kind * FAULTS.length)];
  }

  async #settle(): Promise<void> {
    const { gate, tally } = this.#world;
    await gate.settle();
    if (this.#world.failure !== undefined) throw this.#world.failure;
    if (gate.blocked > 0) tally.count('contention: a statement waits for a lock');
    const [fault] = gate.faults;
    if (fault !== undefined) throw new Broken(fault);
  }

  /** Everything waits for locks: the server will find the circle, or nobody ever lets go. */
  async #waitForLocks(): Promise<void> {
    const { gate } = this.#world;
    const hangs = gate.blocked === 0 || (await gate.isStuck());
    if (hangs) throw new Broken(`${this.#running} commands wait for ever, ${gate.blocked} of them for locks`);
  }
}

interface Scheduler {
  readonly random: () => number;
  readonly haste: number;
  faults: number;
  last: number;
}

const CUTS = {
  'connection cut before': 'before',
  'connection cut after': 'after',
  'process dies after': 'silence',
  'process dies before': undefined,
} as const satisfies Record<string, StatementCut | undefined>;
type Fault = keyof typeof CUTS;
const FAULTS = Object.keys(CUTS) as Fault[];
