import { randomUUID } from 'node:crypto';
import type { EventAnswer, ListedEvents } from '../../contract/events-api';
import { exitCodes } from '../exit';
import { localTime, table } from '../format';
import { readInput } from '../input';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

export interface SendOptions {
  input?: string;
  set: string[];
  source?: string;
  id?: string;
  subject?: string;
}

/** Sends a CloudEvent, and says what followed from it. */
export async function sendEvent(session: Session, type: string, options: SendOptions): Promise<number> {
  const { input, set, source = '/cli', id = randomUUID(), subject } = options;
  const hasData = input !== undefined || set.length > 0;
  const event = {
    ...{ specversion: '1.0', id, source, type },
    ...(subject === undefined ? {} : { subject }),
    ...(hasData ? { data: readInput(input, set) } : {}),
  };
  return tell(session, await session.client.post<EventAnswer>('/v1/events', event));
}

/** Delivers an event again. */
export async function redeliverEvent(session: Session, id: string): Promise<number> {
  const path = `/v1/events/${encodeURIComponent(id)}/redeliver`;
  return tell(session, await session.client.post<EventAnswer>(path, {}));
}

function tell({ screen, json }: Session, answer: EventAnswer): number {
  if (json) {
    screen.printJson(answer);
    return exitCodes.ok;
  }
  screen.print(answer.id);
  if (answer.duplicate) screen.say('It was sent before, and nothing follows from it twice.');
  const [started, woke] = answer.duplicate ? ['had started', 'had woken'] : ['started', 'woke'];
  for (const run of answer.started) screen.say(`${started} ${run}`);
  for (const { run, step } of answer.woken) screen.say(`${woke} ${safeLine(step)} of ${run}`);
  if (answer.deadLetter) screen.say('It is a dead letter: fermata events list --status dead says why.');
  return exitCodes.ok;
}

export interface ListOptions {
  status: string[];
}

/** How many the list shows; `--json` says how to go on. */
const shownMax = 50;

/** Lists the newest events. */
export async function listEvents(
  { client, screen, json }: Session,
  { status }: ListOptions,
): Promise<number> {
  const query = new URLSearchParams([
    ['limit', String(shownMax)],
    ...status.map((one): [string, string] => ['status', one]),
  ]);
  const page = await client.get<ListedEvents>(`/v1/events?${query.toString()}`);
  if (json) {
    screen.printJson(page);
    return exitCodes.ok;
  }
  for (const line of table(page.items.map(rowOf))) screen.print(line);
  if (page.items.length === 0) screen.say('There are no such events.');
  if (page.nextCursor !== null) screen.say('There are more; GET /v1/events lists them all.');
  return exitCodes.ok;
}

function rowOf({ id, status, reason, receivedAt, event }: ListedEvents['items'][number]): string[] {
  const { type } = event as { type?: unknown };
  return [
    id,
    localTime(receivedAt),
    safeLine(typeof type === 'string' ? type : ''),
    status,
    safeLine(reason ?? ''),
  ];
}
