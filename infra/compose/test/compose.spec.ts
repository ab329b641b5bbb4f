import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type ComposeService, composeFile, documentedSettings, folder, repository } from './fleet-file.js';

const FLEET = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'];
const fleet = composeFile('docker-compose.yml');
const services = Object.entries(fleet.services);
const isOnce = ({ restart }: ComposeService): boolean => restart === 'no';
const named = (name: string): ComposeService => {
  const service = fleet.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return service;
};
const secretsOf = ({ secrets = [] }: ComposeService): { source: string; target: string }[] =>
  secrets.map((secret) => (typeof secret === 'string' ? { source: secret, target: `/run/secrets/${secret}` } : secret));

describe('docker-compose.yml', () => {
  it.each(['docker-compose.yml', 'docker-compose.views.yml'])('%s follows the Compose specification', (name) => {
    const schema = JSON.parse(readFileSync(`${folder}schema/compose-spec.json`, 'utf8')) as object;
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    expect(validate(composeFile(name)) || validate.errors).toBe(true);
  });

  it('names every version, and never the latest', () => {
    for (const [name, { image }] of services) {
      expect({ name, image }).toEqual({ name, image: expect.stringMatching(/:(?:v?\d|\$\{DAILYDOCO_VERSION:-\d)/) });
      expect(image).not.toContain('latest');
    }
  });

  it('starts the fleet in the version of this checkout', () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
    for (const name of [...FLEET, 'topics', 'kong-config'])
      expect(named(name).image).toMatch(new RegExp(`\\$\\{DAILYDOCO_VERSION:-${version.replaceAll('.', '\\.')}\\}$`));
  });

  it('publishes Kong on loopback, and nothing else', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(published).toEqual(['kong 127.0.0.1:8000:8000']);
    expect(fleet.networks['inside']?.internal).toBe(true);
    expect(services.filter(([, { networks }]) => networks.some((network) => network !== 'inside'))).toHaveLength(1);
  });

  it.each(services)('%s is confined', (name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    // Only the job that hands out the volumes is root, and may do that alone.
    expect({ user: service.user ?? 'root by default', more: service.cap_add ?? [] }).toEqual(
      name === 'folders'
        ? { user: '0:0', more: ['CHOWN'] }
        : name === 'redis'
          ? { user: '999:999', more: [] }
          : { user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/), more: [] },
    );
  });

  it.each(services.filter(([, service]) => !isOnce(service)))('%s is health-checked', (name, { healthcheck }) => {
    // The collector’s and Jaeger’s images hold one program, which cannot ask itself.
    if (['otel-collector', 'jaeger'].includes(name)) expect(healthcheck).toEqual({ disable: true });
    else expect(healthcheck?.test?.[0]).toMatch(/^CMD/);
  });

  it.each(services)('%s waits for neighbours that exist, in a way they can fulfil', (_name, { depends_on = {} }) => {
    for (const [neighbour, { condition }] of Object.entries(depends_on)) {
      const other = named(neighbour);
      if (condition === 'service_completed_successfully') expect(isOnce(other)).toBe(true);
      else if (condition === 'service_healthy') expect(other.healthcheck?.test).toBeDefined();
      else expect(condition).toBe('service_started');
    }
  });

  it.each(services)('%s mounts only what exists', (_name, service) => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (!source.startsWith('.')) expect(Object.keys(fleet.volumes)).toContain(source);
      else {
        expect({ source, exists: existsSync(join(folder, source)) }).toEqual({ source, exists: true });
        expect(volume).toMatch(/:ro$/);
      }
    }
    for (const { source } of secretsOf(service)) expect(Object.keys(fleet.secrets)).toContain(source);
  });

  it.each(services)('%s is told of files that are mounted', (_name, service) => {
    const targets = secretsOf(service).map(({ target }) => target);
    for (const [name, value] of Object.entries(service.environment ?? {}))
      if (name.endsWith('_FILE')) expect(targets).toContain(value);
  });

  it('keeps no volume, secret or network that nobody uses', () => {
    const mounted = new Set(services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0])));
    const read = new Set(services.flatMap(([, service]) => secretsOf(service).map(({ source }) => source)));
    expect(Object.keys(fleet.volumes).filter((name) => !mounted.has(name))).toEqual([]);
    expect(Object.keys(fleet.secrets).filter((name) => !read.has(name))).toEqual([]);
  });
});

describe('what the fleet is told', () => {
  const given = (service: ComposeService): string[] =>
    Object.keys(service.environment ?? {})
      .filter((name) => !name.startsWith('OTEL_'))
      .map((name) => name.replace(/_FILE$/, ''));

  it.each([false, true].flatMap((isMigration) => FLEET.map((name) => [name, isMigration] as const)))(
    '%s (its migration: %s) is told all that it requires, and nothing that it does not know',
    (service, isMigration) => {
      const documented = documentedSettings(service, isMigration);
      const settings = given(named(isMigration ? `${service}-migration` : service));
      expect(documented.size).toBeGreaterThan(1);
      expect(settings.filter((name) => !documented.has(name))).toEqual([]);
      const required = [...documented].filter(([, isRequired]) => isRequired).map(([name]) => name);
      expect(required.filter((name) => !settings.includes(name))).toEqual([]);
    },
  );

  it('no secret stands in the file itself', () => {
    for (const service of FLEET.map(named))
      for (const [name, value] of Object.entries(service.environment ?? {}))
        if (/PASSWORD|SECRET|DATABASE_.*URL|REDIS_URL/.test(name))
          expect(`${name}=${value}`).toMatch(/_FILE=\/run\/secrets\//);
  });

  it.each(FLEET)('%s starts after its own migration and the topics', (name) => {
    expect(Object.keys(named(name).depends_on ?? {})).toEqual(expect.arrayContaining([`${name}-migration`, 'topics']));
  });

  it('Kafka keeps the rules of the chart’s, at an address of its own', () => {
    const lines = (path: string): string[] =>
      readFileSync(join(repository, path), 'utf8')
        .split('\n')
        .filter((line) => /^[a-z]/.test(line));
    const chart = lines('charts/dailydoco/files/stores/kafka.properties');
    const own = lines('infra/compose/kafka/server.properties');
    expect(own.filter((line) => !chart.includes(line))).toEqual([
      'listeners=PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093',
      'advertised.listeners=PLAINTEXT://kafka:9092',
    ]);
    expect(chart.filter((line) => !own.includes(line))).toEqual([]);
  });
});

describe('make-secrets.sh', () => {
  let made: string;
  const run = (): string => execFileSync('sh', [join(folder, 'make-secrets.sh'), made], { encoding: 'utf8' });
  const read = (name: string): string => readFileSync(join(made, name), 'utf8');

  beforeAll(() => {
    made = join(mkdtempSync(join(tmpdir(), 'compose-')), 'secrets');
    run();
  });

  afterAll(() => {
    rmSync(join(made, '..'), { recursive: true });
  });

  it('makes exactly the files that the fleet mounts, in a folder that is closed to others', () => {
    const wanted = Object.values(fleet.secrets).map(({ file }) => file.replace('./secrets/', ''));
    expect(readdirSync(made).toSorted()).toEqual(wanted.toSorted());
    expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  it('makes nothing twice alike, and nothing that can be guessed', () => {
    const passwords = readdirSync(made)
      .filter((name) => name.endsWith('-password'))
      .map(read);
    expect(new Set(passwords).size).toBe(passwords.length);
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9]{24,}$/);
    expect(Buffer.from(read('key-encryption-secret'), 'base64')).toHaveLength(32);
    expect(read('internal-token-secret').length).toBeGreaterThanOrEqual(32);
  });

  it('writes addresses that carry the same passwords', () => {
    for (const service of FLEET)
      for (const role of ['owner', 'app']) {
        const database = service.replaceAll('-', '_');
        const url = new URL(read(`${service}-${role}-url`));
        expect(url).toMatchObject({ username: `${database}_${role}`, host: 'postgres:5432', pathname: `/${database}` });
        expect(url.password).toBe(read(`${service}-${role}-password`));
      }
    expect(new URL(read('redis-url')).password).toBe(read('redis-password'));
  });

  it('keeps what is there when it runs again, and makes what was lost', () => {
    const before = new Map(readdirSync(made).map((name) => [name, read(name)]));
    rmSync(join(made, 'grafana-password'));
    run();
    for (const [name, text] of before)
      if (name === 'grafana-password') expect(read(name)).not.toBe(text);
      else expect({ name, text: read(name) }).toEqual({ name, text });
  });
});
