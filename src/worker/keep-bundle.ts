import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const keptMax = 20;

/** The name by which a bundle is kept and logged: the beginning of its SHA-256. */
export function bundleHash(code: string): string {
  return createHash('sha256').update(code).digest('hex').slice(0, 16);
}

/**
 * Keeps a copy of the workflow code that is about to run, as `<hash>.js` in `folder`, so that it can
 * be gone back to. The 20 that were started last stay; older ones are removed. Throws where the
 * folder can't be written.
 */
export function keepBundle(code: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const kept = path.join(folder, `${bundleHash(code)}.js`);
  const startedAt = new Date();
  if (statSync(kept, { throwIfNoEntry: false })?.size === Buffer.byteLength(code)) {
    utimesSync(kept, startedAt, startedAt);
  } else {
    const aside = `${kept}.${process.pid}`;
    writeFileSync(aside, code);
    renameSync(aside, kept);
  }
  for (const file of oldest(folder)) rmSync(file, { force: true });
}

/** What is too many, and what a worker that was killed has left half written. */
function oldest(folder: string): string[] {
  const files = readdirSync(folder)
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, at: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at);
  return files.slice(keptMax).map(({ file }) => file);
}
