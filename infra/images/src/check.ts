import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '@dailydoco/local';
import { Buildah } from './buildah.js';
import { IMAGES, type ImageSpec, PROCESS, USER_ID } from './catalogue.js';
import { checkStores } from './check-stores.js';
import { type ContainerSpec, runContainer } from './container.js';
import { findingsIn } from './inspect-root.js';
import { checkLive } from './live.js';
import { type ImageSettings, readSettings } from './oci-archive.js';
import { outFolder, workFolder } from './places.js';
import { BuildError, tryRun } from './run.js';
import type { Arguments } from './usage.js';

interface Trial {
  readonly title: string;
  readonly args: readonly string[];
  readonly writableRoot?: boolean;
  /** What the end must look like; gives a sentence when it does not. */
  readonly judge: (code: number, said: string) => string | undefined;
}

const WRITE = `const { writeFileSync } = await import('node:fs');
const tries = ['/app/x', process.cwd() + '/dist/main.js', '/usr/local/bin/node', '/etc/passwd', '/home/nonroot/x'];
const refused = tries.filter((path) => { try { writeFileSync(path, ''); return false; } catch { return true; } });
writeFileSync('/tmp/x', 'x');
console.log('user ' + process.getuid() + ', refused ' + refused.length + ' of ' + tries.length);`;

function mustName(setting: string): Trial['judge'] {
  return (code, said) =>
    code !== 0 && said.includes(setting) && said.includes('is missing')
      ? undefined
      : `ended with ${code} and ${said.includes(setting) ? 'did not say what is missing' : `did not name ${setting}`}: ${tail(said)}`;
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-6).join(' | ').slice(0, 600);
}

function trialsOf(image: ImageSpec): Trial[] {
  const isService = image.folder.startsWith('services/');
  const refused = `user ${USER_ID}, refused 5 of 5`;
  const writes = (code: number, said: string): string | undefined =>
    code === 0 && said.includes(refused) ? undefined : `wanted "${refused}", it ended with ${code}: ${tail(said)}`;
  const node = (script: string): string[] => ['node', '--input-type=module', '--eval', script];
  return [
    {
      title: 'without settings it does not boot, and names them',
      args: [...PROCESS.entrypoint, ...PROCESS.command],
      judge: mustName(isService ? 'DATABASE_URL' : 'GATEWAY_CONFIG'),
    },
    ...(isService
      ? [
          {
            title: 'so does its migration',
            args: [...PROCESS.entrypoint, 'dist/migrate.js'],
            judge: mustName('DATABASE_OWNER_URL'),
          },
        ]
      : []),
    { title: 'it can write /tmp and nothing else', args: node(WRITE), judge: writes },
    { title: 'nor where the root may be written', args: node(WRITE), writableRoot: true, judge: writes },
    {
      title: 'its health check says no while nothing serves',
      args: PROCESS.healthcheck,
      judge: (code) => (code === 1 ? undefined : `ended with ${code}`),
    },
    {
      title: 'there is no shell to be started',
      args: ['/bin/sh', '-c', 'true'],
      judge: (code, said) =>
        code !== 0 && /no such file/i.test(said) ? undefined : `ended with ${code}: ${tail(said)}`,
    },
  ];
}

function settingFindings(settings: ImageSettings, image: ImageSpec): string[] {
  const wanted = [
    ['user', settings.user, PROCESS.user],
    ['working directory', settings.workingDir, `/app/${image.folder}`],
    ['entrypoint', settings.entrypoint.join(' '), PROCESS.entrypoint.join(' ')],
    ['command', settings.command.join(' '), PROCESS.command.join(' ')],
  ] as const;
  return wanted
    .filter(([, is, should]) => is !== should)
    .map(([what, is, should]) => `its ${what} is ${is}, not ${should}`);
}

/** Unpacks each archive, looks through it and starts it for real; gives the exit code. */
export async function checkImages(args: Arguments, repository: string, progress: Progress): Promise<number> {
  await Buildah.require();
  if ((await tryRun('runc', ['--version'])).code !== 0)
    throw new BuildError('runc is not installed: apt-get install --no-install-recommends runc');
  const work = workFolder(repository);
  const images = IMAGES.filter(({ name }) => args.images.includes(name));
  const archives = images.map((image) => ({ image, file: join(outFolder(repository), `${image.name}.oci.tar`) }));
  const missing = archives.find(({ file }) => !existsSync(file));
  if (missing !== undefined)
    throw new BuildError(`${missing.file} does not exist: build it first with npm run images -- --air-gapped`);
  const buildah = new Buildah(join(work, 'buildah'));
  let failed = 0;
  const note = (what: string, problem: string | undefined): void => {
    if (problem !== undefined) failed += 1;
    progress.say(problem === undefined ? `  ✔ ${what}` : `  ✖ ${what}: ${problem}`);
  };
  for (const { image, file } of archives) {
    progress.say(image.name);
    const settings = await readSettings(file);
    await buildah.mounted(`oci-archive:${file}`, async (root) => {
      const findings = [...settingFindings(settings, image), ...findingsIn(root, USER_ID)];
      note(
        'its files and settings are as they should be',
        findings.length === 0 ? undefined : findings.slice(0, 8).join('; '),
      );
      for (const trial of trialsOf(image)) note(trial.title, await resultOf(trial, { root, settings, work, image }));
    });
  }
  if (args.stores)
    failed += await checkStores({ names: args.images, outDir: outFolder(repository), work, buildah }, progress);
  if (args.live) failed += await checkLive({ archives, buildah, work }, progress);
  progress.say(failed === 0 ? 'All as it should be.' : `${failed} failed.`);
  return failed === 0 ? 0 : 1;
}

async function resultOf(
  trial: Trial,
  { root, settings, work, image }: { root: string; settings: ImageSettings; work: string; image: ImageSpec },
): Promise<string | undefined> {
  const container: ContainerSpec = {
    root,
    args: trial.args,
    environment: settings.environment,
    workingDir: settings.workingDir,
    userId: USER_ID,
    writableRoot: trial.writableRoot ?? false,
  };
  const { code, stdout, stderr } = await runContainer(
    join(work, 'containers'),
    `check-${image.name}-${process.pid}`,
    container,
  );
  return trial.judge(code, `${stdout}\n${stderr}`);
}
