// `npm test`: installs what is missing, then runs Jest; its set-up builds and starts what the tests need.
import { installDependencies } from './dependencies.mjs';
import { runNode } from './run-node.mjs';

installDependencies();
runNode('node_modules/jest/bin/jest.js', ...process.argv.slice(2));
