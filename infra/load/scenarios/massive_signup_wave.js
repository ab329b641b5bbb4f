// A launch: people register by referral codes. Each password costs about 20 ms of a core, by design.
import { register } from './calls.js';
import { spike, toFile } from './world.js';

export const options = spike();
export const handleSummary = toFile;

export default function () {
  register();
}
