// Everything at once, in the proportions of a busy day.
import {
  click,
  clickWidget,
  login,
  purchase,
  readBalance,
  readCommissions,
  readReferrals,
  sendEvents,
  viewSite,
  oneOf,
} from './calls.js';
import { steady, toFile } from './world.js';

export const options = steady();
export const handleSummary = toFile;

export default function () {
  oneOf([
    [35, viewSite],
    [25, click],
    [10, clickWidget],
    [5, sendEvents],
    [10, purchase],
    [6, readBalance],
    [4, readCommissions],
    [4, readReferrals],
    [1, login],
  ]);
}
