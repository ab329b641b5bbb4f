import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, type Progress, startFleet } from '@dailydoco/local';
import { freePort } from '@dailydoco/stores';
import type { Buildah } from './buildah.js';
import { type ImageSpec, PROCESS, USER_ID } from './catalogue.js';
import { type ContainerSpec, runContainer, stopContainer } from './container.js';

interface LiveCheck {
  readonly archives: readonly { image: ImageSpec; file: string }[];
  readonly buildah: Buildah;
  readonly work: string;
}

const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 60_000;

/** Starts the fleet of this checkout on ports of its own, and lets each image join it as one more replica; gives the failures. */
export async function checkLive({ archives, buildah, work }: LiveCheck, progress: Progress): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dailydoco-images-'));
  const fleet = await startFleet({ dataDir, gatewayPort: 0, progress, endsOnSignal: true });
  let failed = 0;
  try {
    for (const { image, file } of archives) {
      const problem = await buildah.mounted(`oci-archive:${file}`, (root) => joins(image, root, { fleet, work }));
      if (problem !== undefined) failed += 1;
      progress.say(
        problem === undefined
          ? `  ✔ ${image.name} joined a running fleet, became ready and left in order`
          : `  ✖ ${image.name}: ${problem}`,
      );
    }
  } finally {
    await fleet.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return failed;
}

async function joins(
  image: ImageSpec,
  root: string,
  { fleet, work }: { fleet: Fleet; work: string },
): Promise<string | undefined> {
  const folder = join(work, 'containers');
  mkdirSync(folder, { recursive: true });
  const httpPort = await freePort();
  const running = fleet.processes.get(image.name)?.spec.env;
  if (running === undefined) return 'the local fleet has no process of that name';
  const environment: Record<string, string> = {
    ...running,
    ...PROCESS.environment,
    HTTP_PORT: String(httpPort),
    GRPC_PORT: String(await freePort()),
    GATEWAY_PORT: String(httpPort),
    MAIL_URL: 'file:///tmp',
    HOME: '/tmp',
    // What its own files serve, not the checkout's.
    ...(image.name === 'gateway' ? { GATEWAY_CONFIG: '/app/infra/gateway/kong.yml' } : {}),
    ...(image.name === 'website-builder' ? { SITES_DIR: '/tmp/sites' } : {}),
  };
  delete environment['GATEWAY_STATUS_PORT'];
  const container: ContainerSpec = {
    root,
    args: [...PROCESS.entrypoint, ...PROCESS.command],
    environment,
    workingDir: `/app/${image.folder}`,
    userId: USER_ID,
    hostNetwork: true,
  };
  const id = `live-${image.name}-${process.pid}`;
  const path = image.name === 'gateway' ? '/healthz' : '/health/ready';
  const ended = runContainer(folder, id, container, { timeoutMs: READY_WITHIN_MS + STOPPED_WITHIN_MS });
  const isReady = await Promise.race([answers(`http://127.0.0.1:${httpPort}${path}`), ended.then(() => false)]);
  const health = isReady
    ? await runContainer(folder, `${id}-health`, { ...container, args: PROCESS.healthcheck })
    : undefined;
  await stopContainer(folder, id);
  const { code, stdout, stderr } = await ended;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join(' | ');
  if (!isReady) return `was not ready within ${READY_WITHIN_MS / 1_000} s (ended with ${code}): ${said}`;
  if (health?.code !== 0) return `its health check said no while it was ready: ${health?.stderr ?? ''}`;
  return code === 0 ? undefined : `ended with ${code} after SIGTERM: ${said}`;
}

async function answers(url: string): Promise<boolean> {
  const until = performance.now() + READY_WITHIN_MS;
  while (performance.now() < until) {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (response?.status === 200) return true;
    await sleep(500);
  }
  return false;
}
