#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runVerifier } from './verifier.js';

process.exitCode = await runVerifier(process.argv.slice(2), {
  read: (path) => readFileSync(path),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  fetch,
});
