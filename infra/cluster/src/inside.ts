// The machine of the cluster: runs inside its namespaces and keeps its processes. When it ends, they all do.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess } from '@dailydoco/local';
import { ApiClient } from './api-client.js';
import { API_SERVER_INSIDE, type ProcessName, PROCESSES, processArguments } from './configuration.js';
import { openDoor } from './door.js';
import { clusterLayout, REFUSED_LOG } from './layout.js';
import { prepareMachine } from './machine.js';
import { enforcePolicies } from './policy-agent.js';
import { explainFailure } from './failure.js';

/** What the program outside hands over, as the one argument. */
export interface InsideOptions {
  readonly folder: string;
  readonly kubernetes: string;
  readonly etcd: string;
  readonly token: string;
}

const say = (text: string) => process.stdout.write(`${new Date().toISOString()} ${text}\n`);

async function run(options: InsideOptions): Promise<void> {
  const layout = clusterLayout(options.folder);
  await prepareMachine(layout);
  openDoor(layout.doorSocket);
  const programs: Record<ProcessName, readonly [string, ...string[]]> = {
    containerd: ['containerd'],
    etcd: [options.etcd],
    'kube-apiserver': [options.kubernetes, 'kube-apiserver'],
    'kube-controller-manager': [options.kubernetes, 'kube-controller-manager'],
    'kube-scheduler': [options.kubernetes, 'kube-scheduler'],
    kubelet: [options.kubernetes, 'kubelet'],
    'kube-proxy': [options.kubernetes, 'kube-proxy'],
  };
  const args = processArguments(layout);
  for (const name of PROCESSES) {
    const [command, ...first] = programs[name];
    const logFile = join(layout.logDir, `${name}.log`);
    // A process that comes up before the API server ends and is started again, as on any node.
    const managed = new ManagedProcess(
      { name, command, args: [...first, ...args[name]], cwd: '/', env: environment(), logFile },
      { onDeath: say },
    );
    managed.start();
  }
  const refused = join(layout.logDir, REFUSED_LOG);
  await enforcePolicies({
    api: await apiClient(options, layout.certificatesDir),
    say,
    onRefused: (flow) => appendFileSync(refused, `${flow}\n`),
  });
}

/** Waits for the certificate that the API server makes. */
async function apiClient(options: InsideOptions, certificatesDir: string): Promise<ApiClient> {
  const certificateAuthority = join(certificatesDir, 'apiserver.crt');
  for (;;) {
    try {
      readFileSync(certificateAuthority);
      return new ApiClient({ server: API_SERVER_INSIDE, token: options.token, certificateAuthority });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The path and nothing else: no proxy or credential of the machine reaches the cluster. */
function environment(): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/run', LANG: 'C.UTF-8' };
}

try {
  await run(JSON.parse(process.argv[2] ?? '{}') as InsideOptions);
} catch (error) {
  say(explainFailure(error));
  process.exitCode = 1;
}
