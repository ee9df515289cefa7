import { z } from 'zod';

const port = whole(0, 65535);
const url = z.url({ error: 'is not a URL' });
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const Settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS_CERT: z.string().optional(),
  TEMPORAL_TLS_KEY: z.string().optional(),
  TEMPORAL_TLS_CA: z.string().optional(),
  FERMATA_TASK_QUEUE: z.string().min(1).default('fermata'),
  TEMPORAL_PORT: port.default(7233),
  TEMPORAL_UI_PORT: port.default(8233),
  TEMPORAL_CLI_PATH: z.string().optional(),
  /** Where Temporal's own UI is, for links; made from the UI port where the server is embedded. */
  TEMPORAL_UI_URL: url.optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'is not a postgres:// URL')
    .optional(),
  DATA_DIR: z.string().default('.fermata'),
  ANTHROPIC_API_KEY: z.string().min(1).optional(),
  ANTHROPIC_BASE_URL: url.optional(),
  /** Where the command line finds the service; without it, at `HOST` and `PORT`. */
  FERMATA_URL: z.url({ protocol: /^https?$/, error: 'is not an http:// or https:// URL' }).optional(),
  FERMATA_API_KEY: z.string().min(16, 'is shorter than 16 characters').optional(),
  FERMATA_CONFIG: z.string().default('fermata.config.yaml'),
  FERMATA_INTERNAL_KEY: z.string().min(16, 'is shorter than 16 characters').optional(),
  /** Makes runs go on as new Temporal runs after so many steps each: slower, and otherwise the same. For tests. */
  FERMATA_CONTINUE_AFTER_STEPS: whole(1, 100_000).optional(),
  /** Puts larger fan-outs in groups of so many branches, each with a child workflow. For tests. */
  FERMATA_BRANCHES_HERE_MAX: whole(1, 100_000).optional(),
  /** One or several, with commas between. */
  GATEWAY_URL: z
    .string()
    .regex(/^\s*https?:\/\/[^,\s]+(\s*,\s*https?:\/\/[^,\s]+)*\s*,?\s*$/, 'is not a list of http:// URLs')
    .optional(),
  GATEWAY_HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: port.default(0),
  SIMULATOR_URL: url.optional(),
  SIMULATOR_PORT: port.default(0),
  /** About how long an answer of the simulated vendor takes. */
  SIMULATOR_LATENCY_MS: whole(0, 60_000).default(1500),
  /** Where the simulated vendor appends, a line of JSON each, all that reaches it. */
  SIMULATOR_LEDGER_FILE: z.string().optional(),
  /** The file of workflow code that a worker runs, if not the one that was built: to go back to an earlier one. */
  FERMATA_WORKFLOW_BUNDLE: z.string().optional(),
  WORKER_METRICS_HOST: z.string().default('127.0.0.1'),
  WORKER_METRICS_PORT: port.optional(),
  WORKER_METRICS_URL: url.optional(),
  /** What the command line edits a text with. */
  VISUAL: z.string().optional(),
  EDITOR: z.string().optional(),
  // Only what decides whether anything is exported; the rest of OTEL_* OpenTelemetry reads itself.
  OTEL_SERVICE_NAME: z.string().default('fermata'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url.optional(),
  OTEL_TRACES_EXPORTER: z.string().optional(),
  OTEL_METRICS_EXPORTER: z.string().optional(),
  /** Where programs are looked for, and kept. */
  PATH: z.string().default(''),
  XDG_CACHE_HOME: z.string().optional(),
  LOG_LEVEL: z.enum(logLevels, { error: `is none of ${logLevels.join(', ')}` }).default('info'),
});
export type Config = z.infer<typeof Settings>;

/** A setting that makes no sense, said in one line that names it. */
export class SettingError extends Error {}

/** Reads the settings once, at a process's entry. Throws `SettingError`. An empty string counts as not set. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0]);
  throw new SettingError(`${name}=${JSON.stringify(given[name])}: ${issue?.message ?? 'makes no sense'}.`);
}

/** The settings that a part started alone can't do without. Throws `SettingError` naming all that lack. */
export function demand<Name extends keyof Config>(
  config: Config,
  names: readonly Name[],
): Config & { [K in Name]-?: NonNullable<Config[K]> } {
  const missing = names.filter((name) => config[name] === undefined);
  if (missing.length > 0)
    throw new SettingError(`${missing.join(', ')}: must be set where a part is started alone.`);
  return config as Config & { [K in Name]-?: NonNullable<Config[K]> };
}

/** This process's environment with changes, for a child; `undefined` leaves a variable out. */
export function childEnvironment(changes: Record<string, string | undefined>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

function whole(min: number, max: number) {
  const error = `is not a whole number from ${String(min)} to ${String(max)}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
