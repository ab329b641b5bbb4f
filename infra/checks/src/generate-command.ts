import { generateAll } from './generate.js';

const problems = await generateAll((text) => process.stdout.write(`${text}\n`));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
