#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');

const compiled = path.join(__dirname, '../dist/cli/main.js');
if (existsSync(compiled)) {
  require(compiled);
} else {
  console.error('fermata is not built yet: run `npm start` once, or `npm run build`.');
  process.exitCode = 2;
}
