/** The fences between the parts: who may import whom. */
/** The files of the contract that use a schema library at run time. */
const schemas =
  '^src/contract/(advice-api|agents-api|any-json|api|approvals-api|decisions|duration|events-api|gateway|plan|plan/.*|plans-api|problems|schedules-api)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'workflows-see-only-the-contract',
      comment: 'What they import is bundled, runs in a sandbox, and must replay for years.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: {
        pathNot: [
          '^src/(workflows|contract)/',
          '^node_modules/@temporalio/(workflow|common)/',
          '^node_modules/@opentelemetry/api/',
        ],
      },
    },
    {
      name: 'schemas-stay-out-of-the-workflow-bundle',
      comment: 'Types only: a schema library that changes must not change a replay.',
      severity: 'error',
      from: { path: '^src/(workflows|contract)/', pathNot: schemas },
      to: { path: schemas, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'contract-is-a-leaf',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { pathNot: ['^src/contract/', '^node_modules/(zod|@temporalio/workflow)/'] },
    },
    {
      name: 'processes-share-nothing-but-the-contract-and-the-ledger',
      severity: 'error',
      from: { path: '^src/(api|activities|gateway|simulator|worker|cli)/' },
      to: {
        path: '^src/(api|activities|gateway|simulator|worker|cli|workflows)/',
        pathNot: ['^src/$1/', '^src/activities/'],
      },
    },
    {
      name: 'only-the-worker-runs-activities',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(worker|activities)/' },
      to: { path: '^src/activities/' },
    },
    {
      name: 'nobody-imports-a-process',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/(api|gateway|worker|cli|simulator|dev|replay)/', pathNot: '^src/$1/' },
    },
    {
      name: 'the-command-line-speaks-http-only',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/',
        // What a person writes is read as exactly as the service reads it.
        pathNot: ['^src/cli/', '^src/config\\.ts$', '^src/contract/', '^src/plan/exact-json\\.ts$'],
      },
    },
    {
      name: 'the-command-line-knows-the-contract-by-type-only',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/contract/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-dev-starts-processes',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(dev|cli)/' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'vendors-are-spoken-to-by-the-gateway-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/gateway/vendors/' },
      to: { path: '^node_modules/@anthropic-ai/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'types'] },
  },
};
