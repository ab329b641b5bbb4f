import { spawn } from 'node:child_process';
import type { Progress } from '@dailydoco/local';
import { IMAGES } from './catalogue.js';
import { sourceDateEpoch } from './environment.js';
import { appVersion } from './places.js';
import { BuildError, tryRun } from './run.js';
import type { Arguments } from './usage.js';

const ENGINES = ['docker', 'podman', 'buildah'] as const;

/** The words after the engine's name that build one image of the fleet from the Dockerfile. */
export function engineArguments(
  image: { readonly name: string; readonly folder: string },
  args: Arguments,
  { version, epochSeconds }: { version: string; epochSeconds: number },
): string[] {
  const given = {
    SERVICE: image.name,
    FOLDER: image.folder,
    SOURCE_DATE_EPOCH: String(epochSeconds),
    ...(args.buildImage === undefined ? {} : { BUILD_IMAGE: args.buildImage }),
    ...(args.runImage === undefined ? {} : { RUN_IMAGE: args.runImage }),
  };
  return [
    'build',
    '--file=Dockerfile',
    `--tag=${args.registry}/${image.name}:${version}`,
    ...Object.entries(given).map(([name, value]) => `--build-arg=${name}=${value}`),
    `--label=org.opencontainers.image.title=dailydoco/${image.name}`,
    `--label=org.opencontainers.image.version=${version}`,
    '--label=org.opencontainers.image.licenses=Apache-2.0',
    '.',
  ];
}

/** The same words for an engine that needs more of them. */
export function adapted(engine: string, words: readonly string[], epochSeconds: number): string[] {
  // Podman and buildah forget HEALTHCHECK in their own format, keep layers only when told, and set times when told.
  if (engine === 'docker') return [...words];
  const [build = 'build', ...rest] = words;
  return [build, '--format=docker', '--layers', `--timestamp=${epochSeconds}`, ...rest];
}

/** Builds with the first engine that this machine has; the engine's own output is shown, since it can take minutes. */
export async function buildWithEngine(args: Arguments, repository: string, progress: Progress): Promise<void> {
  const engine = args.engine ?? (await findEngine());
  const epochSeconds = sourceDateEpoch();
  for (const image of IMAGES.filter(({ name }) => args.images.includes(name))) {
    const words = engineArguments(image, args, { version: appVersion(repository), epochSeconds });
    progress.say(`▶ ${engine} ${words.slice(0, 3).join(' ')}`);
    const code = await shown(engine, adapted(engine, words, epochSeconds), repository);
    if (code !== 0) throw new BuildError(`${engine} could not build ${image.name}; its last lines say why`);
  }
}

async function findEngine(): Promise<string> {
  for (const engine of ENGINES) if ((await tryRun(engine, ['--version'])).code === 0) return engine;
  throw new BuildError(
    'there is no docker, podman or buildah on this machine: install one of them, or use --air-gapped on Debian 12',
  );
}

function shown(command: string, words: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
