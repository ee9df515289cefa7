import type { EvaluateRequest, EvaluateResult } from '../contract/activities';
import { limits } from '../contract/limits';
import type { Json, Value } from '../contract/value';
import { sealHolds } from '../ledger/decision-seal';
import { fromValue, toValue } from '../ledger/values';
import { schemaAt } from '../plan/content-schema';
import { readManifest } from './manifests';
import type { Ports } from './ports';
import { schemaErrors } from './schema-errors';

type Request = Extract<EvaluateRequest, { type: 'decision' }>;

/** Who decides when a decision came without the API's seal: whoever has Temporal's own tools. */
const operator = 'temporal:operator';

/** Finds out whose decision it really is, and whether what it brings fits the approval's schema. */
export async function checkDecision(ports: Ports, request: Request): Promise<EvaluateResult> {
  const { internalKey } = ports;
  const { decision: raw, approval, digest } = request;
  const brought = await contentOf(ports, request);
  if (brought.problem !== null) return answer({ problem: brought.problem });
  const sealed = { approval, decision: raw.decision, digest, by: raw.by ?? '', content: brought.json };
  const isSealed = raw.seal !== undefined && raw.by !== undefined && sealHolds(internalKey, sealed, raw.seal);
  const problem = brought.value === null ? null : await schemaProblem(ports, request, brought.json);
  if (problem !== null) return answer({ problem });
  return answer({
    by: isSealed ? (raw.by ?? operator) : operator,
    via: isSealed ? 'api' : 'temporal',
    content: brought.value,
  });
}

function answer(part: Partial<Extract<EvaluateResult, { type: 'decision' }>>): EvaluateResult {
  return { type: 'decision', by: operator, via: 'temporal', content: null, problem: null, ...part };
}

interface Brought {
  json: Json;
  value: Value | null;
  problem: string | null;
}

/** A content from the API is stored already; from Temporal's tools it is text, or JSON typed as text. */
async function contentOf({ database }: Ports, { run, decision: raw }: Request): Promise<Brought> {
  const none = { json: null, value: null, problem: null };
  if (raw.decision !== 'edit' && raw.decision !== 'answer') return none;
  if (raw.content === undefined) return { ...none, problem: `The decision ${raw.decision} needs a content.` };
  if (typeof raw.content === 'object') {
    const json = await fromValue(database, run.tenant, raw.content.value);
    return { json, value: raw.content.value, problem: null };
  }
  if (Buffer.byteLength(raw.content) > limits.decisionContentBytesMax) {
    return { ...none, problem: `The content exceeds ${String(limits.decisionContentBytesMax)} bytes.` };
  }
  return {
    json: raw.content,
    value: await toValue(database, run.tenant, run.run, raw.content),
    problem: null,
  };
}

async function schemaProblem(ports: Ports, { run, approval }: Request, json: Json): Promise<string | null> {
  const { rows } = await ports.database.query<{ schema_at: string | null }>(
    'SELECT schema_at FROM approvals WHERE tenant = $1 AND id = $2',
    [run.tenant, approval],
  );
  const pointer = rows[0]?.schema_at ?? null;
  if (pointer === null) return null;
  const manifest = await readManifest(ports.database, run);
  const schema = schemaAt(manifest.plan as unknown as Json, pointer) ?? true;
  const errors = await schemaErrors(schema, json);
  return errors === null ? null : `The content breaks the schema: ${errors}`;
}
