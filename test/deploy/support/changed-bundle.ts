import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildWorkflowBundle } from '../../../src/worker/bundle';
import { projectFolder } from '../../support/part';

/** A change of the workflow code: in a file below `src/workflows`, this text becomes that one. */
export interface Change {
  file: string;
  from: string;
  to: string;
}

/** Builds the workflow code with changes made to a copy of its sources; answers the file of the bundle, in a folder of its own. */
export async function changedBundle(name: string, changes: readonly Change[]): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), `fermata-bundle-${name}-`));
  for (const part of ['workflows', 'contract'])
    cpSync(path.join(projectFolder, 'src', part), path.join(folder, 'src', part), { recursive: true });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  for (const { file, from, to } of changes) {
    const changed = path.join(folder, 'src', 'workflows', file);
    const before = readFileSync(changed, 'utf8');
    if (before.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
    writeFileSync(
      changed,
      before.replace(from, () => to),
    );
  }
  const bundle = path.join(folder, 'bundle.js');
  writeFileSync(bundle, await buildWorkflowBundle(path.join(folder, 'src', 'workflows')));
  return bundle;
}
