import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const historyName = /\.json(\.gz)?$/;

/**
 * The files of histories at a place: the file itself, or every `.json` and `.json.gz` in the folder
 * and below, in order of their names. A string says why there are none.
 */
export function historyFiles(place: string): string[] | string {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) return 'is not there';
  if (!found.isDirectory()) return [place];
  const files = readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && historyName.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return files.length === 0 ? 'holds no history (.json or .json.gz)' : files;
}
