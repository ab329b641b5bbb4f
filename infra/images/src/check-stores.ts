import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '@dailydoco/local';
import type { Buildah } from './buildah.js';
import { runContainer } from './container.js';
import { readSettings } from './oci-archive.js';
import type { StoreName } from './store-names.js';
import { BuildError } from './run.js';
import { STORES } from './stores.js';

interface StoreTrial {
  readonly environment: Readonly<Record<string, string>>;
  /** Run by the image's bash: starts the store as the image would, uses it, stops it. */
  readonly script: string;
  /** What the script must have printed. */
  readonly wanted: RegExp;
  readonly memory: readonly string[];
}

const TRIALS: Readonly<Record<StoreName, StoreTrial>> = {
  postgres: {
    environment: { POSTGRES_PASSWORD: 'only for this check' },
    memory: ['/var/lib/postgresql', '/run/postgresql'],
    wanted: /^18\.\d.*\|t$/m,
    script: `docker-entrypoint.sh postgres -c max_connections=20 >/tmp/log 2>&1 & server=$!
      for ((i = 0; i < 300; i++)); do pg_isready -q -h 127.0.0.1 && break; kill -0 $server || break; sleep 0.2; done
      PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U postgres -Atc "select current_setting('server_version'), uuidv7() is not null"
      kill -INT $server; wait $server; code=$?; [ $code = 0 ] || cat /tmp/log; exit $code`,
  },
  valkey: {
    environment: { VALKEYCLI_AUTH: 'only for this check' },
    memory: ['/data'],
    wanted: /^PONG$/m,
    script: `docker-entrypoint.sh valkey-server --requirepass "$VALKEYCLI_AUTH" >/tmp/log 2>&1 & server=$!
      for ((i = 0; i < 100; i++)); do valkey-cli ping >/tmp/answer 2>&1 && break; sleep 0.2; done
      cat /tmp/answer; kill $server; wait $server; code=$?; [ $code = 0 ] || cat /tmp/log; exit $code`,
  },
  kafka: {
    environment: { KAFKA_HEAP_OPTS: '-Xmx256m' },
    memory: ['/var/lib/kafka/data'],
    wanted: /Kafka Server started/,
    script: `/etc/kafka/docker/run >/tmp/log 2>&1 & server=$!
      for ((i = 0; i < 300; i++)); do grep -q 'Kafka Server started' /tmp/log && break; kill -0 $server || break; sleep 0.3; done
      tail -n 20 /tmp/log; kill $server; wait $server; code=$?; [ $code = 143 ] && exit 0; exit $code`,
  },
};

/** Starts each store's stand-in with a read-only root and a network of its own, and uses it; gives the failures. */
export async function checkStores(
  { names, outDir, work, buildah }: { names: readonly string[]; outDir: string; work: string; buildah: Buildah },
  progress: Progress,
): Promise<number> {
  let failed = 0;
  for (const { name, user } of STORES.filter((store) => names.includes(store.name))) {
    const file = join(outDir, `${name}.oci.tar`);
    const trial = TRIALS[name];
    if (!existsSync(file))
      throw new BuildError(`${file} does not exist: build it first with npm run images -- --air-gapped --stores`);
    const settings = await readSettings(file);
    const { code, stdout, stderr } = await buildah.mounted(`oci-archive:${file}`, (root) =>
      runContainer(
        join(work, 'containers'),
        `store-${name}-${process.pid}`,
        {
          root,
          args: ['bash', '-c', trial.script],
          environment: { ...settings.environment, ...trial.environment },
          workingDir: settings.workingDir,
          userId: user.id,
          memory: trial.memory,
        },
        { timeoutMs: 180_000 },
      ),
    );
    const works = code === 0 && trial.wanted.test(stdout);
    if (!works) failed += 1;
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-6).join(' | ');
    progress.say(works ? `  ✔ the stand-in for ${name} starts, serves and stops` : `  ✖ ${name} (${code}): ${said}`);
  }
  return failed;
}
