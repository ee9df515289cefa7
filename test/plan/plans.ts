import type { Catalog, CatalogModel } from '../../src/catalog/catalog';
import type { Plan } from '../../src/contract/plan';
import type { Json } from '../../src/contract/value';
import type { Models } from '../../src/plan/check-models';
import type { JsonObject } from '../../src/plan/json';
import { parsePlanText } from '../../src/plan/parse';
import { validatePlan, type Validation } from '../../src/plan/validate';

const price = {
  version: 'test',
  inputNano: 3000,
  outputNano: 15_000,
  cacheReadNano: 300,
  cacheWriteNano: 3750,
};

function model(id: string, vendor: string, more: Partial<CatalogModel> = {}): CatalogModel {
  return { id, vendor, contextTokens: 200_000, outputTokensMax: 64_000, price, ...more };
}

const known = new Map<string, CatalogModel>([
  ['claude-sonnet', model('claude-sonnet-5-5', 'anthropic')],
  ['claude-haiku', model('claude-haiku-5-5', 'anthropic', { price: { ...price, outputNano: 500 } })],
  ['dear', model('dear-1', 'anthropic', { price: { ...price, outputNano: 50_000 } })],
  ['gpt-4o', model('gpt-4o', 'openai', { outputTokensMax: 16_384 })],
  ['gemini-pro', model('gemini-3.1-pro', 'gemini')],
  ['tiny', model('tiny-1', 'anthropic', { contextTokens: 2000, outputTokensMax: 1000 })],
  ['unpriced', model('unpriced-1', 'anthropic', { price: null })],
]);
const catalog: Catalog = {
  resolve: (name) => known.get(name) ?? null,
  list: () => [...known].map(([name, each]) => ({ name, model: each })),
};

export const simulated: Models = { catalog, usable: { simulated: true, vendors: [] } };
export const anthropicOnly: Models = { catalog, usable: { simulated: false, vendors: ['anthropic'] } };
export const noVendor: Models = { catalog, usable: { simulated: false, vendors: [] } };

/** The worked example of the language: three researchers, a writer, a quality gate and a person. */
export const contentProduction = `
name: content-production
version: 1.0.0
description: Three researchers, a writer, a quality gate and a human.
input:
  type: object
  required: [topic]
  additionalProperties: false
  properties:
    topic: { type: string, minLength: 3, maxLength: 500 }
agents:
  researcher:
    model: [claude-sonnet, gpt-4o, gemini-pro]
    instructions: You research one angle of a topic and cite every source.
  writer:   { model: claude-sonnet, instructions: You write an 800-word brief from the findings given. }
  reviewer: { model: claude-haiku,  instructions: "You check facts, completeness, formatting and tone." }
limits: { costUsd: 0.20, onExceeded: return_partial }
alerts: { costUsd: 0.40 }
flow:
  type: sequence
  steps:
    - id: research
      type: parallel
      branches:
        market:  { type: agent, agent: researcher, prompt: "Market angle of {{ input.topic }}" }
        tech:    { type: agent, agent: researcher, prompt: "Technical angle of {{ input.topic }}" }
        people:  { type: agent, agent: researcher, prompt: "User angle of {{ input.topic }}" }
    - id: draft
      type: agent
      agent: writer
      prompt: "Write the brief on {{ input.topic }}."
    - id: gate
      type: review
      reviewer: reviewer
      revise: { type: agent, agent: writer, prompt: "Rewrite the draft so that every issue is resolved." }
      maxRevisions: 2
    - id: sign-off
      type: approval
      title: "Publish the brief on {{ input.topic }}?"
      risk: high
`;

export function fromYaml(text: string): Json {
  const parsed = parsePlanText(text, 'yaml');
  if (parsed.type === 'malformed') throw new Error(JSON.stringify(parsed.errors));
  return parsed.json;
}

/** A plan of one flow with the agents `writer` and `reviewer`. */
export function planOf(flow: Json, more: JsonObject = {}): JsonObject {
  return {
    name: 'a-plan',
    agents: {
      writer: { model: 'claude-sonnet', instructions: 'Write.' },
      reviewer: { model: 'claude-haiku', instructions: 'Review.' },
    },
    flow,
    ...more,
  };
}

/** The flow's steps one after another. */
export function sequenceOf(...steps: Json[]): JsonObject {
  return { type: 'sequence', steps };
}

export function agentStep(prompt: string, more: JsonObject = {}): JsonObject {
  return { type: 'agent', agent: 'writer', prompt, ...more };
}

export function setStep(value: Json, more: JsonObject = {}): JsonObject {
  return { type: 'set', value, ...more };
}

export async function validated(json: Json, models: Models = simulated): Promise<Plan> {
  const { plan, errors } = await validatePlan(json, models);
  if (plan === null) throw new Error(JSON.stringify(errors, null, 1));
  return plan;
}

/** Each error as its path and code, for comparing without the words. */
export function marks({ errors }: Pick<Validation, 'errors'>): string[] {
  return errors.map(({ path, code }) => `${path} ${code}`);
}
