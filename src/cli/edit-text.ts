import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config';
import type { Json } from '../contract/value';
import { readJson } from './read-json';

/** What came of editing. `text` is what stands in the file, to go on with. */
export type Edited =
  | { type: 'edited'; content: Json; text: string }
  | { type: 'unchanged' }
  | { type: 'invalid'; reason: string; text: string };

/**
 * Opens a content in the person's editor: a text as it is, anything else as JSON that is checked
 * afterwards. `draft` is what an earlier attempt left.
 */
export async function editContent(config: Config, content: Json, draft: string | null): Promise<Edited> {
  const isText = typeof content === 'string';
  const shown = isText ? content : `${JSON.stringify(content, null, 2)}\n`;
  const edited = await editFile(config, draft ?? shown, isText ? 'content.md' : 'content.json');
  if (typeof edited !== 'string') return { type: 'invalid', reason: edited.problem, text: draft ?? shown };
  // Many editors end the last line of a file that had no end there; nobody typed that.
  const text = shown.endsWith('\n') ? edited : edited.replace(/\n$/, '');
  if (text === shown) return { type: 'unchanged' };
  if (text.trim() === '') return { type: 'invalid', reason: 'It is empty.', text: shown };
  if (isText) return { type: 'edited', content: text, text };
  const read = readJson(text);
  if (read.type === 'json') return { type: 'edited', content: read.json, text };
  const reason = read.type === 'malformed' ? `It is not valid JSON: ${read.reason}.` : `${read.reason}.`;
  return { type: 'invalid', reason, text };
}

/** The file's text after the editor was left, or why there is none. */
async function editFile(config: Config, text: string, name: string): Promise<string | { problem: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-'));
  try {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    const editor = config.VISUAL ?? config.EDITOR ?? 'vi';
    const status = await runEditor(editor, file);
    if (status !== 0) return { problem: `${editor} ended with ${String(status)}.` };
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// Through a shell, as the variable may hold arguments: `code --wait`. Standard output may be a file,
// so the editor gets the terminal that the question was asked on.
function runEditor(editor: string, file: string): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn(`${editor} "${file}"`, {
      shell: true,
      stdio: ['inherit', process.stderr, process.stderr],
    });
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(code ?? signal ?? 'no status');
    });
  });
}
