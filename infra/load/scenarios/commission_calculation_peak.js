// The first of the month: billing posts renewals, each of which pays seven levels; partners watch their lines.
import { purchase, readCommissions, oneOf } from './calls.js';
import { steady, toFile } from './world.js';

export const options = steady();
export const handleSummary = toFile;

export default function () {
  oneOf([
    [90, purchase],
    [10, readCommissions],
  ]);
}
