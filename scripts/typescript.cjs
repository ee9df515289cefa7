// Lets Node load the TypeScript files of tools that are not built, such as the bench: `node -r
// ./scripts/typescript.cjs bench/main.ts`. Types are stripped by the compiler that the build uses.
const { transformFileSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformFileSync(file, {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
    module: { type: 'commonjs', ignoreDynamic: true },
    sourceMaps: 'inline',
  });
  module._compile(code, file);
};
