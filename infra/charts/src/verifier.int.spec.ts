import { describe, expect, it } from '@jest/globals';
import { type Problem, verify } from './verifier.js';

const SECURE = `securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`;
const POD = `securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers: [{name: it, image: "example.com/it:1", ${SECURE}}]`;

function deployment({ selector = 'a: b', spec = POD, more = '' } = {}): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: it}
spec:
  ${more}
  selector: {matchLabels: {${selector}}}
  template:
    metadata: {labels: {a: b}}
    spec:
      ${spec}
`;
}

const SCALED_OBJECT = (trigger: string) => `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: it}
spec: {scaleTargetRef: {name: it}, triggers: [${trigger}]}
`;

const WRONG: readonly (readonly [string, string, Problem['rule'], RegExp])[] = [
  ['a field that no type has', deployment({ more: 'replicaCount: 3' }), 'decode', /unknown field "spec\.replicaCount"/],
  [
    'a value of the wrong type',
    deployment({ more: 'replicas: "3"' }),
    'decode',
    /cannot unmarshal string into .*replicas of type int32/,
  ],
  [
    'a key that stands twice',
    deployment({ more: 'replicas: 1\n  replicas: 2' }),
    'decode',
    /key "replicas" already set in map/,
  ],
  [
    'a selector that its own pods do not meet',
    deployment({ selector: 'a: c' }),
    'validation',
    /spec\.template\.metadata\.labels: .*does not match/,
  ],
  [
    'a negative number',
    deployment({ more: 'replicas: -1' }),
    'validation',
    /spec\.replicas: .*greater than or equal to 0/,
  ],
  [
    'a mount of a volume that is not there',
    deployment({ spec: POD.replace('image:', 'volumeMounts: [{name: x, mountPath: /x}], image:') }),
    'validation',
    /volumeMounts\[0\]\.name: Not found: "x"/,
  ],
  [
    'a variable that hides another',
    deployment({ spec: POD.replace('image:', 'env: [{name: A, value: "1"}, {name: A, value: "2"}], image:') }),
    'warning',
    /env\[1\]: hides previous definition of "A"/,
  ],
  [
    'a container that may gain rights',
    deployment({ spec: POD.replace(SECURE, '') }),
    'pod-security',
    /allowPrivilegeEscalation/,
  ],
  [
    'a container that may be root',
    deployment({ spec: POD.replace('runAsNonRoot: true, ', '') }),
    'pod-security',
    /runAsNonRoot/,
  ],
  [
    'a pod on the host’s network',
    deployment({ spec: `hostNetwork: true\n      ${POD}` }),
    'pod-security',
    /host namespaces/,
  ],
  [
    'a kind that no schema knows',
    'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: it}\n',
    'unknown-kind',
    /no schema is known for example\.com\/v1, kind Thing/,
  ],
  [
    'a name that is none',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: It_s}\n',
    'validation',
    /metadata\.name: Invalid value: "It_s"/,
  ],
  [
    'a Job whose name is too long for a label',
    `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${'j'.repeat(70)}}\nspec: {template: {spec: {restartPolicy: Never, ${POD.replace(/\n\s*/, ', ')}}}}\n`,
    'validation',
    /must be no more than 63/,
  ],
  [
    'a Service without ports',
    'apiVersion: v1\nkind: Service\nmetadata: {name: it}\nspec: {selector: {a: b}}\n',
    'validation',
    /spec\.ports: Required value/,
  ],
  [
    'a budget that allows and forbids',
    'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: it}\nspec: {minAvailable: 1, maxUnavailable: 1, selector: {matchLabels: {a: b}}}\n',
    'validation',
    /minAvailable and maxUnavailable cannot be both set/,
  ],
  [
    'a field that a custom resource does not have',
    SCALED_OBJECT('{type: cpu, metadata: {}, metricTyp: Utilization}'),
    'custom-resource',
    /unknown field "spec\.triggers\[0\]\.metricTyp"/,
  ],
  [
    'a field that a custom resource lacks',
    SCALED_OBJECT('{metadata: {}}'),
    'custom-resource',
    /spec\.triggers\[0\]\.type: Required value/,
  ],
  [
    'a choice that a custom resource does not offer',
    'apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: it}\nspec: {instances: 3, storage: {size: 1Gi}, postgresql: {synchronous: {method: any, number: 1, dataDurability: always}}}\n',
    'custom-resource',
    /dataDurability: Unsupported value: "always"/,
  ],
  [
    'a rule of a custom resource that is broken',
    'apiVersion: postgresql.cnpg.io/v1\nkind: Database\nmetadata: {name: it}\nspec: {cluster: {name: it}, name: postgres, owner: it}\n',
    'custom-resource',
    /the name postgres is reserved/,
  ],
  [
    'a number below a custom resource’s least',
    'apiVersion: kafka.strimzi.io/v1\nkind: KafkaTopic\nmetadata: {name: it}\nspec: {partitions: 0}\n',
    'custom-resource',
    /spec\.partitions: .*greater than or equal to 1/,
  ],
];

describe('the verifier', () => {
  it.each(WRONG)('refuses %s', async (_, yaml, rule, message) => {
    const { problems } = await verify(yaml);
    expect([...new Set(problems.map((problem) => problem.rule))]).toEqual([rule]);
    expect(problems.map((problem) => problem.message)).toContainEqual(expect.stringMatching(message));
  });

  it('has nothing to say about what is right', async () => {
    const right = [deployment(), SCALED_OBJECT('{type: cpu, metadata: {value: "70"}, metricType: Utilization}')];
    expect(await verify(right.join('---\n'))).toEqual({ objects: 2, problems: [] });
  });

  it('counts no document that holds nothing', async () => {
    expect(await verify('---\n# only words\n---\n')).toEqual({ objects: 0, problems: [] });
  });
});
