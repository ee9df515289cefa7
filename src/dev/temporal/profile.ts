/** Where the embedded Temporal listens and what it keeps. */
export interface TemporalPlace {
  /** Null keeps all in memory. */
  databaseFile: string | null;
  port: number;
  uiPort: number;
  namespace: string;
}

/**
 * Values for the server while it runs. A stock one hands out work on a grid of 50 ms; polled more often, it
 * is 4 to 5 times faster. Of a run that goes on as new it holds each Temporal run back for a second.
 */
export const dynamicConfiguration = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 200,
  'history.workflowIdReuseMinimalInterval': '100ms',
  'system.enableActivityEagerExecution': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'matching.useNewMatcher': true,
  'matching.enableFairness': true,
};

/** Search attributes of every run, by which Temporal's own tools can list and filter. */
export const searchAttributes = {
  FermataTenant: 'Keyword',
  FermataPlan: 'Keyword',
  FermataVersion: 'Keyword',
  FermataStatus: 'Keyword',
  FermataLabels: 'KeywordList',
  FermataPendingApprovals: 'Int',
};

/** The arguments of `temporal` that start the embedded server, tuned and durable. */
export function serverArguments(place: TemporalPlace): string[] {
  const repeated = (flag: string, values: object): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${String(value)}`]);
  return [
    'server',
    'start-dev',
    ...['--ip', '127.0.0.1', '--port', String(place.port), '--ui-port', String(place.uiPort)],
    ...['--log-level', 'warn', '--namespace', place.namespace],
    ...(place.databaseFile === null
      ? []
      : [
          ...['--db-filename', place.databaseFile],
          // Nothing acknowledged is lost with the process, nor with the machine.
          ...repeated('--sqlite-pragma', { journal_mode: 'WAL', synchronous: 'FULL' }),
        ]),
    ...repeated('--dynamic-config-value', asJson(dynamicConfiguration)),
    ...repeated('--search-attribute', searchAttributes),
  ];
}

/** A text needs its quotes there. */
const asJson = (values: object): object =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
