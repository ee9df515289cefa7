import type { History, HistoryEvent } from './history';

/** How the SDK calls what workflow code asks for, and how a person does. */
const commands: { [machine: string]: string } = {
  Timer: 'a timer',
  Activity: 'an activity',
  LocalActivity: 'a local activity',
  'Child workflow': 'a child workflow',
  'Complete workflow': 'the end of the run',
  'Fail workflow': 'the failure of the run',
  'Cancel workflow': 'the cancellation of the run',
  'Continue as new workflow': 'a continue-as-new',
  Patch: 'a patch marker',
  Version: 'a patch marker',
};

/** Says in one line what kept the code from replaying a history: the event, and what the code asked for instead. */
export function explain(error: Error, history: History): string {
  const failure = failureOf(error.message);
  const message = failure.message.replace(/^\[TMPRL1100\] Nondeterminism error: /, '');
  const [, machine = '', other = ''] =
    /^(.+) machine does not handle this event: .*\(id: (\d+)/.exec(message) ?? [];
  if (machine !== '')
    return `${recordedAt(history, other)}; this code asks for ${commands[machine] ?? machine}.`;
  const [, extra] = /^No command scheduled for event .*\(id: (\d+)/.exec(message) ?? [];
  if (extra !== undefined) return `${recordedAt(history, extra)}; this code asks for nothing there.`;
  const [, local] = /^Missing associated machine for LocalActivity\((\d+)\)/.exec(message) ?? [];
  if (local !== undefined)
    return `${recordedAt(history, markerOf(history, local))}; this code asks for no local activity there.`;
  const [, recorded, asked = ''] = /'(.*)' does not match .* '(.*)'$/.exec(message) ?? [];
  if (recorded !== undefined) return `${recordedAs(history, recorded)}; this code asks for ${asked}.`;
  return `this code fails: ${message}${failure.place}`;
}

/** The core's failure is printed into the message, with quotes and line ends escaped. */
function failureOf(text: string): { message: string; place: string } {
  const field = (name: string): string => {
    const quoted = new RegExp(`${name}: ("(?:[^"\\\\]|\\\\.)*")`).exec(text)?.[1];
    return quoted === undefined ? '' : unescape(quoted);
  };
  const message = field('message');
  if (message === '') return { message: text, place: '' };
  const at = /\n *at (.*)/.exec(field('stack_trace'))?.[1];
  return { message, place: at === undefined ? '' : ` (at ${at})` };
}

function unescape(quoted: string): string {
  try {
    return JSON.parse(quoted.replaceAll("\\'", "'")) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}

function recordedAt(history: History, id: string | undefined): string {
  const event = history.events.find(({ eventId }) => String(eventId) === id);
  if (event === undefined) return 'an event of the history is not what this code makes';
  return `event ${String(event.eventId)} is ${nameOf(event)}`;
}

/** The SDK tells the name that was recorded, and not where: it may stand at several events. */
function recordedAs({ events }: History, name: string): string {
  const ids = events.filter((event) => detailOf(event) === name).map(({ eventId }) => String(eventId));
  return ids.length === 0 ? `the history has ${name}` : `event ${ids.join(' or ')} is ${name}`;
}

function nameOf(event: HistoryEvent): string {
  const type = event.eventType
    .replace(/^EVENT_TYPE_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
  const detail = detailOf(event);
  return detail === undefined ? type : `${type} (${detail})`;
}

interface Details {
  activityTaskScheduledEventAttributes?: { activityType?: { name?: string } };
  markerRecordedEventAttributes?: {
    markerName?: string;
    details?: { data?: { payloads?: { data?: string }[] } };
  };
}

function detailOf(event: HistoryEvent): string | undefined {
  const { activityTaskScheduledEventAttributes: activity, markerRecordedEventAttributes: marker } =
    event as Details;
  return activity?.activityType?.name ?? localActivityOf(event)?.activity_type ?? marker?.markerName;
}

interface LocalActivity {
  seq?: number;
  activity_type?: string;
}

/** What the marker of a local activity says of it. */
function localActivityOf(event: HistoryEvent): LocalActivity | undefined {
  const { markerRecordedEventAttributes: marker } = event as Details;
  const data = marker?.details?.data?.payloads?.[0]?.data;
  if (data === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as LocalActivity;
  } catch {
    // A marker of another kind, whose name says enough.
    return undefined;
  }
}

function markerOf({ events }: History, sequence: string): string | undefined {
  const event = events.find((each) => String(localActivityOf(each)?.seq) === sequence);
  return event === undefined ? undefined : String(event.eventId);
}
