import { addressOf, type Chain, deploy } from '@dailydoco/anchors';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readKey } from './key-file.js';
import { postCheckpoint } from './post-checkpoint.js';

const USAGE = `Anchors checkpoints of a transparency log on an EVM chain.

  npm run anchor -- deploy --rpc URL --chain ID --key-file FILE [--poster ADDRESS]
  npm run anchor -- post   --rpc URL --chain ID --key-file FILE --contract ADDRESS --log URL --log-key VKEY [--every SECONDS]

  --key-file   the account that pays: 64 hex digits; for post it is the poster
  --poster     who may anchor, for good; without it the account that deploys
  --log        the log's address, as https://growth.example/v1/transparency/<log>
  --every      go on and post again after so many seconds (10 or more); without it once
`;

class UsageError extends Error {}

const say = (text: string): unknown => process.stdout.write(`${text}\n`);

function readArguments() {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      allowPositionals: true,
      options: {
        rpc: text,
        chain: text,
        'key-file': text,
        poster: text,
        contract: text,
        log: text,
        'log-key': text,
        every: text,
      },
    });
  } catch (error) {
    throw new UsageError(String(error));
  }
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function wholeNumber(text: string, { name, least }: { name: string; least: number }): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new UsageError(`--${name} is a whole number from ${least}`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [command, ...rest] = positionals;
  if (rest.length > 0 || (command !== 'deploy' && command !== 'post')) throw new UsageError('deploy or post?');
  const chainId = wholeNumber(needed(values.chain, 'chain'), { name: 'chain', least: 1 });
  const chain: Chain = { rpc: needed(values.rpc, 'rpc'), chainId };
  const key = readKey(needed(values['key-file'], 'key-file'));
  if (command === 'deploy') {
    const poster = values.poster === undefined ? undefined : addressOf(values.poster);
    say(await deploy(chain, { key, poster }));
    return;
  }
  const place = { contract: addressOf(needed(values.contract, 'contract')), key };
  const log = { url: needed(values.log, 'log').replace(/\/+$/, ''), vkey: needed(values['log-key'], 'log-key') };
  const every = values.every === undefined ? undefined : wholeNumber(values.every, { name: 'every', least: 10 });
  do {
    const posted = await postCheckpoint(log, chain, place);
    say(
      posted.kind === 'posted'
        ? `${posted.size} leaves anchored by ${posted.transaction}`
        : `${posted.size} leaves, as before`,
    );
    if (every !== undefined) await sleep(every * 1000);
  } while (every !== undefined);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`anchor: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
