import { parseArgs } from 'node:util';
import { IMAGES } from './catalogue.js';
import { STORE_NAMES } from './store-names.js';

export const USAGE = `npm run images -- [options]
  (none)             builds the seven images from the Dockerfile with docker, podman or buildah, whichever is there
  --air-gapped       builds them of Debian packages and the Node of node_modules, without any base image; root on Debian 12
    --stores         and the evaluation's stand-ins for Postgres, Valkey and Kafka
    --twice          builds each again and compares the digests
  --check            starts each air-gapped image for real and looks at what it must refuse
    --stores         and the stores' stand-ins
    --live           and lets each join a running fleet until it is ready
  --update-debian    pins today's Debian packages in debian.lock.json
  --image NAME       one image only; may be repeated: ${IMAGES.map(({ name }) => name).join(', ')};
                     with --stores also ${STORE_NAMES.join(', ')}
  --registry PREFIX  what stands before the names; ghcr.io/dailydoco/dailydoco unless told
  --engine NAME      docker, podman or buildah
  --build-image REF, --run-image REF
                     other bases for the Dockerfile: a mirror's, or pinned by digest
`;

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Arguments {
  readonly help: boolean;
  readonly airGapped: boolean;
  readonly stores: boolean;
  readonly twice: boolean;
  readonly check: boolean;
  readonly live: boolean;
  readonly updateDebian: boolean;
  /** Names of the images that are meant; all unless told. */
  readonly images: readonly string[];
  readonly registry: string;
  readonly engine: string | undefined;
  readonly buildImage: string | undefined;
  readonly runImage: string | undefined;
}

const REGISTRY = /^[a-z0-9]+(?:(?:[./]|_|-+|:(?=\d))[a-z0-9]+)*$/;

/** Reads the command line; a word or a name that does not exist is refused with the list of those that do. */
export function readArguments(words: readonly string[]): Arguments {
  const values = parsed(words);
  const known = [...IMAGES.map(({ name }) => name), ...(values.stores ? STORE_NAMES : [])];
  const unknown = values.image.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no image ${unknown}: use ${known.join(', ')}`);
  if (!REGISTRY.test(values.registry))
    throw new UsageError(
      `--registry ${values.registry} is not the beginning of an image’s name, such as registry.example.com/dailydoco`,
    );
  if (values.engine !== undefined && !['docker', 'podman', 'buildah'].includes(values.engine))
    throw new UsageError(`--engine ${values.engine} is not known: use docker, podman or buildah`);
  if (values.twice && !values['air-gapped']) throw new UsageError('--twice goes with --air-gapped');
  if (values.stores && !values['air-gapped'] && !values.check)
    throw new UsageError('--stores goes with --air-gapped or --check');
  if (values.live && !values.check) throw new UsageError('--live goes with --check');
  return {
    help: values.help,
    airGapped: values['air-gapped'],
    stores: values.stores,
    twice: values.twice,
    check: values.check,
    live: values.live,
    updateDebian: values['update-debian'],
    images: values.image.length === 0 ? known : values.image,
    registry: values.registry,
    engine: values.engine,
    buildImage: values['build-image'],
    runImage: values['run-image'],
  };
}

function parsed(words: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...words],
      options: {
        help: flag,
        'air-gapped': flag,
        stores: flag,
        twice: flag,
        check: flag,
        live: flag,
        'update-debian': flag,
        image: { type: 'string', multiple: true, default: [] },
        registry: { type: 'string', default: 'ghcr.io/dailydoco/dailydoco' },
        engine: { type: 'string' },
        'build-image': { type: 'string' },
        'run-image': { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}
