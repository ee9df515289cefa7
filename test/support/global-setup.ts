import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeTemplate } from './database';
import { projectFolder } from './part';

/** Once a test run: builds what the tests start as processes, and the template of their databases. */
export default async function setUp(): Promise<void> {
  execFileSync(process.execPath, [path.join(projectFolder, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const template = path.join(tmpdir(), `fermata-test-template-${templateDigest()}`);
  await makeTemplate(template);
  process.env['TEST_DATABASE_TEMPLATE'] = template;
}

function templateDigest(): string {
  const hash = createHash('sha256').update(readFileSync(path.join(projectFolder, 'package-lock.json')));
  const migrations = path.join(projectFolder, 'src', 'ledger', 'migrations');
  for (const name of readdirSync(migrations).sort()) hash.update(readFileSync(path.join(migrations, name)));
  return hash.digest('hex').slice(0, 16);
}
