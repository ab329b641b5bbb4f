// Companies come: a tenant, its owner, an API key, five colleagues each. One iteration is ten requests.
import { onboard } from './calls.js';
import { steady, toFile } from './world.js';

export const options = steady();
export const handleSummary = toFile;

export default function () {
  onboard();
}
