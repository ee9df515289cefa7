import type { Model, Readiness } from '../../contract/plans-api';
import type { Run } from '../../contract/api';
import { exitCodes } from '../exit';
import { explain, Refusal, Unreachable } from '../refusal';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

const nodeOldest = [20, 19] as const;

/** What was found, and where it is not well, what to do. */
interface Finding {
  name: string;
  ok: boolean;
  says: string;
  cure?: string;
}

/** Checks what a run needs, one line each. Gives 0 where all is well. */
export async function doctor(session: Session): Promise<number> {
  const { client, screen, json } = session;
  const service = await checkService(session);
  const reached = service.ok;
  const findings = [checkNode(process.versions.node), service];
  if (reached) findings.push(...(await checkParts(session)), ...(await checkKeyAndVendor(session)));
  if (json) screen.printJson({ ok: findings.every(({ ok }) => ok), url: client.url, findings });
  else for (const finding of findings) screen.print(findingLine(session, finding));
  if (!reached) return exitCodes.unreachable;
  return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

function findingLine({ screen: { colors } }: Session, { name, ok, says, cure }: Finding): string {
  const mark = ok ? colors.green('ok') : colors.red('!!');
  return `${mark}  ${name.padEnd(11)}  ${safeLine(says)}${cure === undefined ? '' : `\n    → ${cure}`}`;
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > nodeOldest[0] || (major === nodeOldest[0] && minor >= nodeOldest[1]);
  return {
    name: 'Node.js',
    ok,
    says: version,
    ...(ok ? {} : { cure: `Install Node.js ${nodeOldest.join('.')} or newer.` }),
  };
}

async function checkService({ client }: Session): Promise<Finding> {
  const name = 'service';
  try {
    await client.get('/healthz');
    return { name, ok: true, says: `answers at ${client.url}` };
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
    const cure = 'Start it with: npm start. If it is elsewhere, set FERMATA_URL.';
    return { name, ok: false, says: explain(error).message, cure };
  }
}

async function checkParts({ client }: Session): Promise<Finding[]> {
  const { parts, refusal } = await readParts(client);
  if (parts === null) return [{ name: 'readiness', ok: false, says: refusal }];
  return Object.entries(parts).map(([name, { ok, detail }]) => ({
    name,
    ok,
    says: detail,
    ...(ok ? {} : { cure: `See the log of this part in DATA_DIR/logs.` }),
  }));
}

async function readParts(
  client: Session['client'],
): Promise<{ parts: Readiness['parts'] | null; refusal: string }> {
  try {
    return { parts: (await client.get<Readiness>('/readyz')).parts, refusal: '' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Not ready is a problem too; it carries the parts beside its reason.
    return {
      parts: (error.problem['parts'] as Readiness['parts'] | undefined) ?? null,
      refusal: error.message,
    };
  }
}

async function checkKeyAndVendor({ client, connection }: Session): Promise<Finding[]> {
  const name = 'key';
  try {
    const { items } = await client.get<{ items: Model[] }>('/v1/models');
    const { items: runs } = await client.get<{ items: Pick<Run, 'links'>[] }>('/v1/runs?limit=1');
    const key = { name, ok: true, says: `works, from ${connection.keyFrom}` };
    return [key, checkVendor(items), ...downModels(items), ...temporalLink(runs)];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const cure = `It was taken from ${connection.keyFrom}. Set FERMATA_API_KEY, or run this where DATA_DIR/api-key is.`;
    return [{ name, ok: false, says: error.message, cure }];
  }
}

function checkVendor(models: readonly Model[]): Finding {
  const name = 'vendor';
  const usable = models.filter((model) => model.usable);
  if (usable.length === 0)
    return {
      name,
      ok: false,
      says: 'no model is usable',
      cure: 'Set ANTHROPIC_API_KEY, or no vendor key at all for the simulated vendor.',
    };
  if (usable.some((model) => model.simulated)) {
    return {
      name,
      ok: true,
      says: 'simulated: every answer is made up. Set ANTHROPIC_API_KEY and start again for real ones.',
    };
  }
  const vendors = [...new Set(usable.map((model) => model.vendor))];
  return { name, ok: true, says: `${vendors.join(', ')}, for real money` };
}

/** The models whose breaker is open, each once, whatever names it goes by. */
function downModels(models: readonly Model[]): Finding[] {
  const down = new Map(models.flatMap((model) => (model.health === 'down' ? [[model.id, model]] : [])));
  return [...down.values()].map(({ id, breaker }) => ({
    name: 'model',
    ok: false,
    says: `${id} is down, ${nextTry(breaker)}`,
    cure: 'Runs that call it wait and go on by themselves when it answers again.',
  }));
}

function nextTry({ state, probeAt, lastFault }: Model['breaker']): string {
  const due =
    state === 'probing' || probeAt === null
      ? 'a call tries it now'
      : `the next try is due from ${probeAt} on`;
  return lastFault === null ? due : `${due}; last fault: ${lastFault}`;
}

/** Temporal's own pages, known from the newest run's link. */
function temporalLink([newest]: readonly Pick<Run, 'links'>[]): Finding[] {
  const link = newest?.links.temporal ?? null;
  if (link === null) return [];
  return [{ name: 'Temporal UI', ok: true, says: new URL(link).origin }];
}
