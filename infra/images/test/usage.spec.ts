import { describe, expect, it } from '@jest/globals';
import { adapted, engineArguments } from '../src/build-with-engine.js';
import { IMAGES } from '../src/catalogue.js';
import { runtimeSpec } from '../src/container.js';
import { sourceDateEpoch } from '../src/environment.js';
import { readArguments } from '../src/usage.js';

describe('the command line', () => {
  it('means all seven images unless told', () => {
    expect(readArguments([]).images).toEqual(IMAGES.map(({ name }) => name));
    expect(readArguments(['--image', 'payouts', '--image', 'gateway']).images).toEqual(['payouts', 'gateway']);
    expect(readArguments(['--air-gapped', '--stores']).images).toEqual(expect.arrayContaining(['identity', 'kafka']));
    expect(readArguments(['--air-gapped', '--stores', '--image', 'kafka']).images).toEqual(['kafka']);
  });

  it.each([
    [['--image', 'kafka'], /there is no image kafka/],
    [['--image', 'kong'], /there is no image kong: use identity, viral-engine/],
    [['--engine', 'lxc'], /--engine lxc is not known: use docker, podman or buildah/],
    [['--registry', 'https://x/y'], /--registry https:\/\/x\/y is not the beginning/],
    [['--twice'], /--twice goes with --air-gapped/],
    [['--stores'], /--stores goes with --air-gapped or --check/],
    [['--live'], /--live goes with --check/],
    [['--airgapped'], /Unknown option '--airgapped'[\s\S]*npm run images -- \[options\]/],
    [['identity'], /Unexpected argument 'identity'/],
  ])('%j is refused', (words, message) => {
    expect(() => readArguments(words)).toThrow(message);
  });

  it.each(['yesterday', '-1', '1.5', '99999999999'])('the time %s is refused', (text) => {
    expect(() => sourceDateEpoch({ SOURCE_DATE_EPOCH: text })).toThrow(/SOURCE_DATE_EPOCH must be seconds/);
  });
});

describe('an engine', () => {
  const gateway = { name: 'gateway', folder: 'infra/gateway' };
  const words = engineArguments(
    gateway,
    readArguments(['--registry', 'example.com/dd', '--run-image', 'example.com/base@sha256:1']),
    {
      version: '0.1.0',
      epochSeconds: 7,
    },
  );

  it('is told the service, its folder and the bases of a site', () => {
    expect(words).toEqual(
      expect.arrayContaining([
        '--tag=example.com/dd/gateway:0.1.0',
        '--build-arg=SERVICE=gateway',
        '--build-arg=FOLDER=infra/gateway',
        '--build-arg=RUN_IMAGE=example.com/base@sha256:1',
        '--build-arg=SOURCE_DATE_EPOCH=7',
      ]),
    );
    expect(words.join(' ')).not.toContain('BUILD_IMAGE');
  });

  it('keeps the health check and the time where it would forget them', () => {
    expect(adapted('docker', words, 7)).toEqual(words);
    expect(adapted('buildah', words, 7).slice(0, 4)).toEqual(['build', '--format=docker', '--layers', '--timestamp=7']);
  });
});

describe('a container of the checks', () => {
  it('has no more rights than restricted pod security leaves', () => {
    const spec = runtimeSpec({ root: '/r', args: ['node'], environment: {}, workingDir: '/', userId: 65_532 });
    expect(spec).toMatchObject({
      root: { readonly: true },
      process: {
        user: { uid: 65_532, gid: 65_532 },
        noNewPrivileges: true,
        capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      },
    });
    expect(spec).toHaveProperty('linux.namespaces', expect.arrayContaining([{ type: 'network' }]));
  });
});
