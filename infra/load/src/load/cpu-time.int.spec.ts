import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { cpuSeconds } from './cpu-time.js';

/** Burns a second of processor time in a grandchild, then says so and stays. */
const PROGRAM = `
  const { spawn } = require('node:child_process');
  const busy = "const end = process.cpuUsage().user + 1e6; while (process.cpuUsage().user < end); console.log('done'); setInterval(() => {}, 1000)";
  spawn(process.execPath, ['-e', busy], { stdio: 'inherit' });
  setInterval(() => {}, 1000);
`;

describe('processor time', () => {
  it('of a process includes that of the processes it started', async () => {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    try {
      await once(child.stdout, 'data');
      expect(cpuSeconds(child.pid ?? 0)).toBeGreaterThan(0.95);
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  }, 30_000);
});
