// The walls of the house. Projects: Nx tags say who may use whom (checked from the package.json files by infra/checks); here
// stand the rules about files: what a suffix may import inside a service, and that nothing goes in circles.
const service = '^services/([^/]+)/src/';
// A file of a capability's folder without a suffix: rules and use cases.
const unsuffixed = '^services/[^/]+/src/.+/[^./]+[.]ts$';
const edges = '[.](http|grpc)[.]ts$';

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { pathNot: '^libs/proto/' }, to: { circular: true } },
    {
      name: 'no-service-imports-a-service',
      comment: 'Services meet over gRPC and events only.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'libs-and-services-never-import-infra',
      severity: 'error',
      from: { path: '^(libs|services)/' },
      to: { path: '^infra/' },
    },
    {
      name: 'libs-never-import-services',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^services/' },
    },
    {
      name: 'only-services-boot',
      comment: 'libs/service stands on nearly all other libs; none of them may stand on it.',
      severity: 'error',
      from: { path: '^(libs|infra)/', pathNot: '^libs/service/' },
      to: { path: '^libs/service/' },
    },
    {
      name: 'rules-and-use-cases-know-no-machinery',
      comment:
        'A file without a suffix knows other files without a suffix, money, errors, sealing and the pure rules of the transparency log. Interfaces it needs it declares itself; ids and the shape of an idempotent call are the whole service’s.',
      severity: 'error',
      from: { path: unsuffixed, pathNot: 'generated|[.]spec[.]ts$' },
      to: {
        pathNot: [
          unsuffixed,
          '^services/[^/]+/src/(ids|idempotent-call)[.]ts$',
          '^libs/(money|errors|sealing|transparency)/src/',
          '^node:crypto$',
          '^crypto$',
        ],
      },
    },
    {
      name: 'edges-never-reach-into-stores',
      comment:
        'HTTP and gRPC edges translate and call one use case. A Kafka edge is handed its database transaction, so it makes the store over it.',
      severity: 'error',
      from: { path: edges },
      to: { path: '[.]store[.]ts$' },
    },
    {
      name: 'stores-know-no-edges',
      severity: 'error',
      from: { path: '[.]store[.]ts$' },
      to: { path: '[.](http|grpc|consumer|client|module)[.]ts$' },
    },
    {
      name: 'sql-lives-in-stores',
      severity: 'error',
      from: {
        path: `${service}.+/`,
        pathNot: '[.](store|module|migration)[.]ts$|[.]spec[.]ts$|/generated/|[.](http|grpc|consumer)[.]ts$|/test-',
      },
      to: { path: ['node_modules/pg/', 'node_modules/@prisma/', '/src/generated/'] },
    },
    {
      name: 'one-door-per-lib',
      comment: 'A lib is used through its entry, never through its inner files.',
      severity: 'error',
      from: { path: '^(services|infra|libs)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^$1/$2/', '/src/(index|register)[.]ts$', '^libs/proto/src/'] },
    },
    {
      name: 'production-code-never-imports-testing',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: '[.]spec[.]ts$|^libs/testing/|/test/' },
      to: { path: '^libs/testing/' },
    },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|/dist/' },
    // k6 runs its scripts itself and brings its own modules.
    exclude: { path: '^infra/load/scenarios/|/dist/|/[.]reports/|/src/generated/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@dailydoco/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.json', '.d.ts'],
    },
    extraExtensionsToScan: [],
  },
};
