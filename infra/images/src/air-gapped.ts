import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assembleImage } from './assemble-image.js';
import { Buildah } from './buildah.js';
import { type ImageSpec, PROCESS } from './catalogue.js';
import { fetchPackages, readDebianLock, requireSuite } from './debian.js';
import { makeRoot, packRoot } from './root-file-system.js';
import { copyPlain } from './tree.js';

export interface AirGappedOptions {
  readonly repository: string;
  /** Everything that is made on the way; may be removed at any time. */
  readonly workDir: string;
  readonly cacheDir: string;
  readonly outDir: string;
  /** Before the names: `registry.example.com/dailydoco`. */
  readonly registry: string;
  readonly version: string;
  readonly epochSeconds: number;
}

/** An image as one file. */
export interface MadeImage {
  readonly reference: string;
  readonly file: string;
  /** What the layers take when unpacked. */
  readonly unpackedBytes: number;
}

/** The packages that a Node process stands on. Nothing here can run a command. */
export const RUNTIME_PACKAGES = [
  'base-files',
  'ca-certificates',
  'gcc-12-base',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'netbase',
  'tzdata',
] as const;

/** Makes images of Debian packages, the Node of node_modules and the checkout: no base image, no registry of images. */
export class AirGappedBuilder {
  readonly options: AirGappedOptions;
  readonly buildah: Buildah;
  readonly #runtimeRoot: string;

  constructor(options: AirGappedOptions) {
    this.options = options;
    for (const folder of [options.workDir, options.cacheDir, options.outDir]) mkdirSync(folder, { recursive: true });
    this.buildah = new Buildah(join(options.workDir, 'buildah'));
    this.#runtimeRoot = join(options.workDir, 'runtime');
  }

  reference(name: string): string {
    return `${this.options.registry}/${name}:${this.options.version}`;
  }

  /** Stand-ins never bear the official images' names. */
  storeReference(name: string, version: string): string {
    return `${this.options.registry}/stores/${name}:${version}`;
  }

  archiveFile(name: string): string {
    return join(this.options.outDir, `${name}.oci.tar`);
  }

  /** The root file system that all seven share, as one archive. */
  async makeRuntime(): Promise<string> {
    const { repository, cacheDir, workDir, epochSeconds } = this.options;
    const lock = readDebianLock(join(repository, 'infra/images/debian.lock.json'));
    requireSuite(lock.suite);
    const packages = await fetchPackages(lock.sets['runtime'] ?? [], cacheDir);
    await makeRoot({ root: this.#runtimeRoot, packages, programs: false });
    copyPlain(this.nodeBinary, join(this.#runtimeRoot, 'usr/local/bin/node'));
    const archive = join(workDir, 'runtime.tar');
    await packRoot(this.#runtimeRoot, archive, epochSeconds);
    await this.buildah.commit({
      from: 'scratch',
      layers: [archive],
      reference: 'localhost/dailydoco/runtime',
      epochSeconds,
      config: {
        user: PROCESS.user,
        workingDir: '/',
        entrypoint: ['node'],
        command: [],
        environment: PROCESS.environment,
        ports: [],
        labels: {},
      },
    });
    return archive;
  }

  get nodeBinary(): string {
    return join(this.options.repository, 'node_modules/node/bin/node');
  }

  /** One image of the fleet on the runtime; gives its archive. */
  async makeImage(image: ImageSpec): Promise<MadeImage> {
    const { repository, workDir, epochSeconds } = this.options;
    const out = join(workDir, 'app', image.name);
    rmSync(out, { recursive: true, force: true });
    const node = JSON.parse(readFileSync(join(repository, 'node_modules/node/package.json'), 'utf8')) as {
      version: string;
    };
    assembleImage(image, {
      repository,
      out,
      runtimeRoot: this.#runtimeRoot,
      nodeBinary: this.nodeBinary,
      nodeVersion: node.version,
      epochSeconds,
    });
    const layer = join(workDir, 'app', `${image.name}.tar`);
    await packRoot(out, layer, epochSeconds);
    rmSync(out, { recursive: true });
    const reference = this.reference(image.name);
    await this.buildah.commit({
      from: 'localhost/dailydoco/runtime',
      layers: [layer],
      reference,
      epochSeconds,
      config: {
        user: PROCESS.user,
        workingDir: `/app/${image.folder}`,
        entrypoint: PROCESS.entrypoint,
        command: PROCESS.command,
        environment: PROCESS.environment,
        ports: image.ports,
        labels: this.labels(image.name),
      },
    });
    const unpackedBytes = statSync(layer).size + statSync(join(workDir, 'runtime.tar')).size;
    rmSync(layer);
    const file = this.archiveFile(image.name);
    await this.buildah.archive(reference, file, epochSeconds);
    return { reference, file, unpackedBytes };
  }

  labels(name: string): Record<string, string> {
    return {
      'org.opencontainers.image.title': `dailydoco/${name}`,
      'org.opencontainers.image.version': this.options.version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    };
  }
}
