// A campaign catches on: links are followed, some who came register, the partners look at their trees.
import { click, readReferrals, register, sendEvents, oneOf } from './calls.js';
import { spike, toFile } from './world.js';

export const options = spike();
export const handleSummary = toFile;

export default function () {
  oneOf([
    [60, click],
    [22, readReferrals],
    [15, sendEvents],
    [3, register],
  ]);
}
