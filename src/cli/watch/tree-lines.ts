import type { StepStatus } from '../../contract/workflow';
import { count, duration, usd } from '../format';
import { safeLine } from '../safe-text';
import type { Colors } from '../screen';
import type { Row } from './rows';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const nameCharactersMax = 48;
const tailCharactersMax = 60;

/** How the tree is drawn: `frame` counts up to turn the spinner; null where nothing moves. */
export interface Drawing {
  colors: Colors;
  frame: number | null;
}

/** The tree as lines, its columns aligned. */
export function treeLines(rows: readonly Row[], drawing: Drawing): string[] {
  const flat = flatten(rows);
  const cells = flat.map((row) => [
    `${'  '.repeat(row.depth)}${shortened(safeLine(row.name), nameCharactersMax)}`,
    safeLine(row.who),
    row.tokens === 0 ? '' : `${count(row.tokens)} tok`,
    row.costNano === 0 ? '' : usd(row.costNano / 1e9),
    row.milliseconds === null ? '' : duration(row.milliseconds),
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(0, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  return flat.map((row, index) => rowLine(row, cells[index] ?? [], widths, drawing));
}

function rowLine(row: Row, cells: readonly string[], widths: readonly number[], drawing: Drawing): string {
  const { colors } = drawing;
  const [name = '', who = '', ...figures] = cells.map((cell, index) =>
    index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
  );
  const indent = '  '.repeat(row.depth);
  const told = row.tail === '' ? (row.note ?? '') : `…${safeLine(row.tail).slice(-tailCharactersMax)}`;
  const line = [
    `${indent}${statusMark(row.status, drawing)} ${name.slice(indent.length)}`,
    colors.dim(who),
    ...figures.filter((figure) => figure !== '').map((figure) => colors.dim(figure)),
    row.status === 'failed' || row.status === 'timed_out'
      ? colors.red(safeLine(told))
      : colors.dim(safeLine(told)),
  ];
  return line.join('  ').trimEnd();
}

/** One character that says how a step stands; also of a run, whose ends are named alike. */
export function statusMark(
  status: StepStatus | 'partial' | 'queued' | 'stalled',
  { colors, frame }: Drawing,
): string {
  switch (status) {
    case 'running':
      return colors.cyan(frame === null ? '…' : (spinner[frame % spinner.length] ?? '…'));
    case 'completed':
    case 'reused':
      return colors.green('✓');
    case 'incomplete':
    case 'partial':
      return colors.yellow('◐');
    case 'waiting':
      return colors.yellow('?');
    case 'stalled':
      return colors.red('!');
    case 'failed':
    case 'timed_out':
    case 'rejected':
      return colors.red('✗');
    case 'cancelled':
    case 'skipped':
      return colors.dim('–');
    case 'pending':
    case 'queued':
      return colors.dim('·');
  }
}

function flatten(rows: readonly Row[]): Row[] {
  return rows.flatMap((row) => [row, ...flatten(row.children)]);
}

function shortened(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

/**
 * The rows that fit into so many lines: what has ended is folded first, then what is left is cut,
 * with the number of steps that are not shown.
 */
export function fitRows(rows: readonly Row[], linesMax: number): { rows: Row[]; hidden: number } {
  const all = flatten(rows).length;
  if (all <= linesMax) return { rows: [...rows], hidden: 0 };
  const folded = foldEnded(rows);
  const kept = takeRows(folded, linesMax);
  return { rows: kept, hidden: all - flatten(kept).length };
}

function foldEnded(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, children: isOpen(row) ? foldEnded(row.children) : [] }));
}

function isOpen(row: Row): boolean {
  return row.status === 'running' || row.status === 'waiting';
}

/** Open rows come before ended ones where not all have room; the order stays. */
function takeRows(rows: readonly Row[], linesMax: number): Row[] {
  const flat = flatten(rows);
  const keep = new Set([...flat.filter(isOpen), ...flat.filter((row) => !isOpen(row))].slice(0, linesMax));
  const pick = (from: readonly Row[]): Row[] =>
    from.filter((row) => keep.has(row)).map((row) => ({ ...row, children: pick(row.children) }));
  return pick(rows);
}
