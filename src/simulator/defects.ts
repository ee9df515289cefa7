import type { Prompt } from './prompt';

/** Marks of unfinished work that anybody can see in a text. */
const defect = /\b(?:TODO|TBD|FIXME|XXX)\b|\blorem ipsum\b|\[citation needed\]|\?{3,}/gi;
// Small letters are words like any other: "todo lists".
const shouted = /^(?:TODO|TBD|FIXME|XXX)$/;

/** The defects of a text, each once, in the order they stand there. */
export function defectsIn(text: string): string[] {
  const found = [...text.matchAll(defect)].map(([each]) => each);
  return [...new Set(found.filter((each) => shouted.test(each) || !/^\w+$/.test(each)))];
}

/** The text with other words in the place of its defects: what a careful rewrite leaves. */
export function mended(text: string, words = 'to be confirmed by the owner'): string {
  return text.replaceAll(defect, (each) => (shouted.test(each) || !/^\w+$/.test(each) ? words : each));
}

export interface Verdict {
  approved: boolean;
  issues: string[];
}

/**
 * A reviewer's verdict on the text in the prompt. What has been revised once is approved: a
 * simulated review ends at the second asking.
 */
export function verdictOn(prompt: Prompt): Verdict {
  if (prompt.revisions > 0) return { approved: true, issues: [] };
  const judged = prompt.blocks.filter(({ name }) => name === 'text');
  const texts = judged.length > 0 ? judged.map(({ text }) => text) : [prompt.whole];
  const issues = texts.flatMap(defectsIn).map((each) => `The text still contains the placeholder "${each}".`);
  return { approved: issues.length === 0, issues };
}
