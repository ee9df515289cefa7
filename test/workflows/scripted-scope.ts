import type { StepNode } from '../../src/contract/skeleton';
import type { IncompleteCode } from '../../src/contract/failures';
import type { Json, Value } from '../../src/contract/value';
import type { Outcome } from '../../src/workflows/outcome';
import { parallel } from '../../src/workflows/patterns/parallel';
import {
  pathOf,
  type Answer,
  type Matter,
  type Position,
  type Scope,
  type Settled,
} from '../../src/workflows/scope';

/** What stands at the far end of a pattern: steps, agents and people that do as the script says. */
export interface Script {
  path?: string;
  previous?: Json;
  steps?: { [place: string]: Outcome | ((position: Position) => Outcome | Promise<Outcome>) };
  answers?: Answer[];
  decisions?: Settled[];
  items?: Value[];
  /** How many branches of a fan-out one workflow carries out. */
  groupSize?: number;
  /** The messages of each running of the checks. */
  checks?: string[][];
  events?: Value[];
  /** Pointers of the conditions that hold. */
  holding?: string[];
}

export interface Log {
  ran: string[];
  asked: string[];
  matters: Matter[];
  notes: { step: string; code: IncompleteCode }[];
  ended: string[];
  openAtMost: number;
  groups: [from: number, to: number][];
}

/** A scope that runs nothing. A place, question or matter that the script doesn't know fails the test. */
export function scriptedScope(script: Script): { scope: Scope; log: Log } {
  const log: Log = { ran: [], asked: [], matters: [], notes: [], ended: [], openAtMost: 0, groups: [] };
  const path = script.path ?? 'root';
  let open = 0;

  async function play(place: string, position: Position, over: Promise<Outcome>): Promise<Outcome> {
    const step = script.steps?.[place];
    if (step === undefined) throw new Error(`The script has no step ${place}.`);
    log.ran.push(place);
    log.openAtMost = Math.max(log.openAtMost, ++open);
    const outcome = await Promise.race([typeof step === 'function' ? step(position) : step, over]);
    open--;
    return outcome;
  }

  const next = <T>(list: T[] | undefined, what: string): T => {
    const value = list?.shift();
    if (value === undefined) throw new Error(`The script has no ${what} left.`);
    return value;
  };
  const plain = (value: Value): Json => ('inline' in value ? value.inline : null);

  const scope: Scope = {
    path,
    handed: [],
    slice: () => Promise.reject(new Error('The script knows no budgets.')),
    lookup: (name) => ({ inline: name === 'previous' ? (script.previous ?? null) : null }),
    run: (_step, place, position = {}) => play(place, position, new Promise<Outcome>(() => undefined)),
    branch(_step, place, position = {}) {
      const over = deferred<Outcome>();
      return {
        outcome: play(place, position, over.promise),
        end(reason) {
          log.ended.push(place);
          const owner = pathOf(path, place);
          over.resolve({
            type: 'stopped',
            cause: 'ended',
            owner,
            step: owner,
            reason,
            value: { inline: null },
          });
        },
      };
    },
    plan: () => Promise.reject(new Error('The script knows no other plans.')),
    value: (expression) => Promise.resolve({ inline: `value of ${expression.at}` }),
    holds: (condition) => Promise.resolve(script.holding?.includes(condition.at) ?? false),
    check: () => {
      const messages = next(script.checks, 'result of checks');
      return Promise.resolve({ passed: messages.length === 0, messages: { inline: messages } });
    },
    agree: (texts) => Promise.resolve(new Set(texts.map(plain)).size === 1),
    list: () => {
      const items = script.items ?? [];
      return Promise.resolve({ value: { parts: items }, length: items.length });
    },
    concat: (wholes) => {
      const all = wholes.map(plain);
      const lists = all.every((whole) => Array.isArray(whole));
      return Promise.resolve({ inline: lists ? all.flat() : (Object.assign({}, ...all) as Json) });
    },
    groups: (branches) =>
      script.groupSize === undefined || branches <= script.groupSize
        ? []
        : Array.from({ length: Math.ceil(branches / script.groupSize) }, (_, index) => ({
            from: index * (script.groupSize ?? 0),
            to: Math.min(branches, (index + 1) * (script.groupSize ?? 0)),
          })),
    group(part) {
      log.groups.push([part.group?.from ?? 0, part.group?.to ?? 0]);
      return parallel(part, scope);
    },
    compose: (parts) =>
      Promise.resolve({
        inline: Array.isArray(parts)
          ? parts.map(plain)
          : Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, plain(part)])),
      }),
    ask(question) {
      log.asked.push(question.place ?? '');
      return Promise.resolve(next(script.answers, 'answer'));
    },
    decide(matter) {
      log.matters.push(matter);
      return Promise.resolve(next(script.decisions, 'decision'));
    },
    pause: () => Promise.resolve(),
    event: () => Promise.resolve(script.events?.shift() ?? null),
    react: () => Promise.reject(new Error('The script has no events to react to.')),
    emit: (event) => Promise.resolve({ inline: { id: event } }),
    overrule: () => Promise.resolve(),
    note: (step, code) => log.notes.push({ step, code }),
  };
  return { scope, log };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

export const done = (json: Json): Outcome => ({ type: 'completed', value: { inline: json } });

export const broken = (code: string): Outcome => ({
  type: 'failed',
  status: 'failed',
  error: { code, message: 'it broke', step: 'x', retryable: true },
  value: { inline: null },
});

export const step = (id?: string): StepNode => ({
  type: 'set',
  ...(id === undefined ? {} : { id }),
  onFailure: { type: 'fail' },
  value: { at: '/x', uses: [] },
});
