/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000,
  // Most tests wait for a process, a lease or a clock: two at a time use what one leaves idle.
  maxWorkers: 2,
  transform: {
    '\\.[jt]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that are ES modules only, which Jest on Node 20 can't load as they are.
  transformIgnorePatterns: ['/node_modules/(?!(?:.*/node_modules/)?(?:jose|cookie|content-disposition)/)'],
};
