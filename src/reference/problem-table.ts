import { problems } from '../contract/problems';

const begin = '<!-- Made by `npm run reference`, down to the end of the table. -->';
const end = '<!-- The end of the table. -->';

/** A page with the table of all problems, by status, where its markers stand. */
export function withProblemTable(page: string): string {
  const [before, rest] = split(page, begin);
  const [, after] = split(rest, end);
  return `${before}${begin}\n\n${problemTable()}\n\n${end}${after}`;
}

function problemTable(): string {
  const rows = Object.entries(problems).map(
    ([code, { status, title, retryable }]) =>
      `| ${String(status)} | \`${code}\` | ${title} | ${retryable ? 'yes' : ''} |`,
  );
  return ['| status | code | title | try again |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function split(text: string, marker: string): [string, string] {
  const at = text.indexOf(marker);
  if (at < 0) throw new Error(`The page lacks the line ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}
