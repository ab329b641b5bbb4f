import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packEntries } from './root-file-system.js';
import { BuildError, run, tryRun } from './run.js';

/** What a container of the image is like, beside its files. */
export interface ImageConfig {
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

export interface CommitOptions {
  readonly from: string;
  /** Archives that become one layer each, in this order. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
  readonly reference: string;
  readonly epochSeconds: number;
}

/** Debian's buildah over a storage of its own, so that nothing of the machine's other images is touched. */
export class Buildah {
  readonly #storage: readonly string[];
  readonly #scratch: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#scratch = join(folder, 'scratch');
    mkdirSync(this.#scratch, { recursive: true });
    this.#storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  }

  /** Stops with what to do when the program is not there. */
  static async require(): Promise<string> {
    const { code, stdout } = await tryRun('buildah', ['--version']);
    if (code !== 0) throw new BuildError('buildah is not installed: apt-get install --no-install-recommends buildah');
    return stdout.trim();
  }

  do(args: readonly string[], timeoutMs = 600_000): Promise<string> {
    // Isolation "chroot" needs no cgroups and no namespaces of its own; only the Dockerfile's RUN lines use it.
    return run('buildah', [...this.#storage, ...args], {
      timeoutMs,
      env: { BUILDAH_ISOLATION: 'chroot', TMPDIR: this.#scratch },
    });
  }

  /** Makes an image of a base and layers; gives its id. */
  async commit({ from, layers, config, reference, epochSeconds }: CommitOptions): Promise<string> {
    const container = (await this.do(['from', '--pull-never', from])).trim();
    try {
      for (const layer of layers) await this.do(['add', '--quiet', container, layer, '/']);
      await this.do(['config', ...configArguments(config), container]);
      const id = await this.do([
        'commit',
        '--quiet',
        '--format',
        'oci',
        '--timestamp',
        String(epochSeconds),
        container,
        reference,
      ]);
      return id.trim();
    } finally {
      await this.do(['rm', container]);
    }
  }

  /**
   * Writes an image as one OCI archive, which every registry tool and container runtime takes. Not by buildah's own archive
   * format: that bears the time of the push, and the same image would give another file.
   */
  async archive(reference: string, file: string, epochSeconds: number): Promise<void> {
    const layout = join(this.#scratch, 'layout');
    rmSync(layout, { recursive: true, force: true });
    await this.do(['push', '--quiet', '--format', 'oci', reference, `oci:${layout}:${reference}`]);
    // Whoever reads an archive must find all of it.
    await packEntries(layout, `${file}.new`, { epochSeconds }, ['blobs', 'index.json', 'oci-layout']);
    renameSync(`${file}.new`, file);
    rmSync(layout, { recursive: true });
  }

  /** The root file system of an image, mounted while the work goes on. */
  async mounted<T>(reference: string, work: (root: string) => Promise<T>): Promise<T> {
    const container = (await this.do(['from', '--pull-never', reference])).trim();
    try {
      return await work((await this.do(['mount', container])).trim());
    } finally {
      await this.do(['rm', container]);
    }
  }
}

function configArguments(config: ImageConfig): string[] {
  const process = ['--user', config.user, '--workingdir', config.workingDir];
  const started = ['--entrypoint', JSON.stringify(config.entrypoint), '--cmd', JSON.stringify(config.command)];
  return [
    ...process,
    ...started,
    ...Object.entries(config.environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...config.ports.flatMap((port) => ['--port', `${port}/tcp`]),
    ...(config.volumes ?? []).flatMap((path) => ['--volume', path]),
    ...Object.entries(config.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ];
}
