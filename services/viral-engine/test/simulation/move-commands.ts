import { asUserId } from '../../src/ids.js';
import { insist } from './broken.js';
import { refusal } from './refusal.js';
import { callOf } from './sale-commands.js';
import type { World } from './world.js';

/** An administrator moves a person with everybody below to another referrer, or to the top. */
export async function moveTo(
  world: World,
  [who, below, keyed]: readonly [number, number | null, boolean],
  id: number,
): Promise<void> {
  const userId = world.one(world.people, who);
  const referrer = below === null ? undefined : world.one(world.people, below);
  let done = false;
  world.intents.set(id, () => {
    // Told again under its key it commits too, and does nothing more.
    if (!done || !keyed) world.model.move(userId, referrer);
    done = true;
  });
  const { tenantId } = world;
  const wanted = { tenantId, userId: asUserId(userId), movedBy: 'simulation', reason: 'simulated' };
  const call = callOf(world, keyed ? `move ${id}` : undefined);
  try {
    await world.attempt((process) =>
      process.moves.move(
        { ...wanted, referrerId: referrer === undefined ? undefined : asUserId(referrer) },
        { call, answer: () => ({ status: 200, body: {} }) },
      ),
    );
    insist(done, () => `the move of ${userId} was answered and not committed`);
  } catch (error) {
    const reason = refusal(error, 'CIRCULAR_REFERRAL', 'CONFLICT', 'REFERRER_NOT_ACTIVE');
    world.tally.count(`refused: ${reason} (move)`);
    // Who stands where can change until the refusal is heard only by another move, and that waits for this one.
    const { upline } = world.model.person(userId);
    const circle =
      referrer !== undefined && (referrer === userId || world.model.person(referrer).upline.includes(userId));
    insist(reason !== 'CIRCULAR_REFERRAL' || circle, () => `${userId} below ${referrer} was refused as a circle`);
    insist(reason !== 'CONFLICT' || upline[0] === referrer, () => `${userId} does not stand below ${referrer}`);
  }
}
