import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { SettingError } from '../config';

const charactersMin = 16;

/** The secret that a file keeps; made at the first start, readable by its owner only. */
export function keepKey(file: string, prefix: string): string {
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`;
  try {
    writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
  const kept = readFileSync(file, 'utf8').trim();
  if (kept.length < charactersMin)
    throw new SettingError(`${file}: holds no key; remove the file and another is made.`);
  return kept;
}
