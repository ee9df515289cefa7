import type { MarkdownIt } from 'markdown-it';
import type { Fault } from './fault';

/**
 * What of a Markdown text is not well formed. Every text is Markdown to a parser, so these are the
 * three things that readers see broken: a code block or an HTML block that is never closed, and a
 * row of a table with more or fewer cells than its head. Sent to a thread as its source text, so it
 * may use nothing from this file.
 */
export function faultsOfMarkdown(text: string, parser: MarkdownIt): Fault[] {
  const faults: Fault[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  let columns = 0;

  function fault(line: number, message: string): void {
    faults.push({ path: '', message: `line ${String(line + 1)}: ${message}` });
  }

  /** A line without what puts it into quotes and lists. */
  function bare(line: number): string {
    return (lines[line] ?? '').replace(/^[\s>]+/, '').trimEnd();
  }

  function cellsOf(line: number): number {
    const inner = bare(line)
      .replace(/^\|/, '')
      .replace(/(?<!\\)\|$/, '');
    return inner.split(/(?<!\\)\|/).length;
  }

  function isClosed(start: number, end: number, markup: string): boolean {
    const last = bare(end - 1);
    return end - 1 > start && last.length >= markup.length && last === markup.charAt(0).repeat(last.length);
  }

  const ends = [
    { begins: /^<!--/, ends: /-->/, name: 'comment' },
    {
      begins: /^<(?:script|pre|style|textarea)\b/i,
      ends: /<\/(?:script|pre|style|textarea)>/i,
      name: 'HTML block',
    },
  ];
  for (const { type, map, markup, content } of parser.parse(text, {})) {
    const [start, end] = map ?? [0, 0];
    if (type === 'fence' && !isClosed(start, end, markup)) fault(start, 'the code block is never closed');
    if (type === 'html_block')
      for (const block of ends)
        if (block.begins.test(content.trim()) && !block.ends.test(content))
          fault(start, `the ${block.name} is never closed`);
    if (type === 'thead_open') columns = 0;
    if (type === 'th_open') columns++;
    if (type === 'tr_open' && columns > 0) {
      const cells = cellsOf(start);
      if (cells !== columns)
        fault(start, `the row has ${String(cells)} cells, and the head of its table ${String(columns)}`);
    }
    if (type === 'table_close') columns = 0;
  }
  return faults;
}
