import { count, counted, duration, usd } from '../format';
import { safeLine } from '../safe-text';
import type { Screen } from '../screen';
import { eventLine } from './event-line';
import type { WatchedEvent } from './facts';
import { createRedraw } from './redraw';
import { treeRows } from './rows';
import type { RunTree } from './run-tree';
import { fitRows, statusMark, treeLines } from './tree-lines';

const framesPerSecond = 10;

/** How a watched run is shown while it goes on. */
export interface View {
  /** An event was taken into the tree. */
  event(event: WatchedEvent): void;
  /** A line that stays, above what moves. */
  note(line: string): void;
  /** Makes room for a question; what happens meanwhile is shown after `resume`. */
  pause(): void;
  resume(): void;
  /** Leaves the last state standing. */
  close(): void;
}

/** Events as they came, one JSON document a line. */
export function jsonView(screen: Screen): View {
  return {
    event: (event) => {
      screen.printJson(event, 'lines');
    },
    note: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined,
  };
}

/** One line an event, for logs and pipes. */
export function lineView(screen: Screen, tree: RunTree): View {
  return {
    event(event) {
      const line = eventLine(event, tree, screen.sayColors);
      if (line !== null) screen.say(line);
    },
    note: screen.say,
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined,
  };
}

/** The tree of steps, redrawn in place with what has changed and how long it takes. */
export function liveView(screen: Screen, tree: RunTree, title: string): View {
  const redraw = createRedraw(screen.live);
  let frame = 0;
  let timer: NodeJS.Timeout | null = null;
  const draw = () => {
    redraw.draw(liveLines(tree, { screen, title, frame: frame++, linesMax: (screen.live.rows || 24) - 1 }));
  };
  const stop = () => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    redraw.clear();
  };
  const start = () => {
    timer ??= setInterval(draw, 1000 / framesPerSecond);
    draw();
  };
  start();
  return {
    event: () => undefined,
    note(line) {
      redraw.clear();
      screen.say(line);
      if (timer !== null) draw();
    },
    pause: stop,
    resume: start,
    close() {
      stop();
      for (const line of liveLines(tree, { screen, title, frame: null, linesMax: Infinity }))
        screen.say(line);
    },
  };
}

interface LiveOptions {
  screen: Screen;
  title: string;
  frame: number | null;
  linesMax: number;
}

/** Title, steps, and at the bottom where the run stands. */
function liveLines(tree: RunTree, { screen, title, frame, linesMax }: LiveOptions): string[] {
  const drawing = { colors: screen.sayColors, frame };
  const now = Date.now();
  const { rows, hidden } = fitRows(treeRows(tree, now), linesMax - 3);
  const more = hidden === 0 ? [] : [drawing.colors.dim(`  … ${counted(hidden, 'more step')}`)];
  return [
    drawing.colors.bold(title),
    ...treeLines(rows, drawing).map((line) => `  ${line}`),
    ...more,
    totalsLine(tree, now, drawing),
  ];
}

function totalsLine(tree: RunTree, now: number, drawing: Parameters<typeof statusMark>[1]): string {
  let tokens = 0;
  let costNano = 0;
  for (const step of tree.steps.values()) {
    tokens += step.tokens;
    costNano += step.costNano;
  }
  const elapsed = tree.startedAt === null ? 0 : (tree.finishedAt ?? now) - tree.startedAt;
  const reason = tree.reason === null ? '' : ` (${safeLine(tree.reason)})`;
  const figures = [
    counted(tree.calls, 'call'),
    `${count(tokens)} tokens`,
    usd(costNano / 1e9),
    duration(elapsed),
  ];
  return `${statusMark(tree.status, drawing)} ${tree.status}${reason} · ${figures.join(' · ')}`;
}
