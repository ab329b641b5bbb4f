// A partner’s page is linked from a big one.
import { viewSite } from './calls.js';
import { spike, toFile } from './world.js';

export const options = spike();
export const handleSummary = toFile;

export default function () {
  viewSite();
}
