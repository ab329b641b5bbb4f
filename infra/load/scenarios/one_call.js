// One kind of call, over and over: what it costs each process is measured from outside.
import { CALLS } from './calls.js';
import { steady, toFile } from './world.js';

export const options = steady();
export const handleSummary = toFile;

const call = CALLS[__ENV.CALL];
if (call === undefined) throw new Error(`there is no call ${__ENV.CALL}`);

export default function () {
  call();
}
