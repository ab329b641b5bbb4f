import { describe, expect, it } from '@jest/globals';
import { nextShare } from './event-loop-pressure.js';
import { LoadShedder } from './load-shedder.js';

describe('load shedding', () => {
  it('takes so many at a time, and the next as soon as one has left', () => {
    const shedder = new LoadShedder({ edge: 'http', inFlightMax: 2, random: () => 0.5 });
    expect([shedder.enter(), shedder.enter()]).toEqual([undefined, undefined]);
    expect(shedder.enter()).toMatchObject({ reason: 'OVERLOADED', retryAfterSeconds: 2 });
    expect(shedder.inFlight).toBe(2);
    shedder.leave();
    expect(shedder.enter()).toBeUndefined();
  });

  it('turns the share away that the event loop cannot do, and nobody when it can', () => {
    const pressure = { share: 0.75 };
    let draw = 0;
    const random = () => (draw++ % 100) / 100;
    const shedder = new LoadShedder({ edge: 'grpc', inFlightMax: 1_000, pressure, random });
    const turnedAway = () => Array.from({ length: 100 }, () => shedder.enter()).filter(Boolean).length;
    const first = turnedAway();
    expect(first).toBeGreaterThan(60);
    expect(first).toBeLessThan(90);
    pressure.share = 0;
    expect(turnedAway()).toBe(0);
  });

  it('sheds only what lasts: a single late turn of the loop changes nothing, then the share rises fast and falls slowly', () => {
    expect(nextShare(0, 1)).toBe(0);
    let share = 0;
    for (let ticks = 2; ticks < 9; ticks += 1) share = nextShare(share, ticks);
    expect(share).toBe(0.95);
    let calm = 0;
    for (; share > 0; calm += 1) share = nextShare(share, 0);
    expect(calm).toBe(19);
  });
});
