// Banners on many pages are clicked: each click is an event of the site and a redirect of the link.
import { click, clickWidget, oneOf } from './calls.js';
import { spike, toFile } from './world.js';

export const options = spike();
export const handleSummary = toFile;

export default function () {
  oneOf([
    [1, click],
    [1, clickWidget],
  ]);
}
