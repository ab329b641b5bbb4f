import { describe, expect, it } from '@jest/globals';
import { CALLERS, kubeconfig, networkConfig, PROCESSES, processArguments, tokenFile } from './configuration.js';
import { clusterLayout } from './layout.js';

const tokens = { admin: 'a', controllers: 'c', scheduler: 's', kubelet: 'k', proxy: 'p' };

describe('the configuration of the processes', () => {
  it('has a token for each caller under the name that Kubernetes’ roles are bound to', () => {
    expect(tokenFile(tokens).trim().split('\n')).toEqual([
      'a,admin,admin,"system:masters"',
      'c,system:kube-controller-manager,system:kube-controller-manager,""',
      's,system:kube-scheduler,system:kube-scheduler,""',
      'k,system:node:node-1,system:node:node-1,"system:nodes"',
      'p,system:kube-proxy,system:kube-proxy,""',
    ]);
  });

  it('names only files of the cluster’s own folder and of its private /run', () => {
    const args = processArguments(clusterLayout('/srv/cluster'));
    expect(Object.keys(args)).toEqual([...PROCESSES]);
    const paths = Object.values(args)
      .flat()
      .flatMap((arg) => /(?:^|=)(\/.*)$/.exec(arg)?.[1] ?? []);
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) expect(path).toMatch(/^\/(srv\/cluster|run)\//);
  });

  it('hands a kubeconfig of its own to every caller', () => {
    const args = Object.values(processArguments(clusterLayout('/srv/cluster'))).flat();
    for (const caller of Object.keys(CALLERS).filter((name) => !['admin', 'proxy'].includes(name)))
      expect(args).toContain(`--kubeconfig=/srv/cluster/config/${caller}.kubeconfig`);
  });

  it('asks the API server for a name that its certificate has, whatever the address', () => {
    const options = { server: 'https://127.0.0.1:5', token: 't', certificateAuthority: '/ca.crt' };
    expect(JSON.parse(kubeconfig(options)).clusters[0].cluster).toEqual({
      server: 'https://127.0.0.1:5',
      'certificate-authority': '/ca.crt',
      'tls-server-name': 'kubernetes',
    });
  });

  it('hangs pods on the node without a bridge, so that policies see every packet', () => {
    expect(JSON.parse(networkConfig()).plugins.map(({ type }: { type: string }) => type)).toEqual(['ptp']);
  });

  it('refuses a folder whose sockets nobody could connect to', () => {
    expect(() => clusterLayout(`/${'x'.repeat(100)}`)).toThrow(/too long for Unix sockets/);
  });
});
