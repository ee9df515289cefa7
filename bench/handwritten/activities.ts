import Anthropic from '@anthropic-ai/sdk';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { createGatewayClient } from '../../src/activities/gateway-client';
import { decisionShapes } from '../../src/contract/decisions';
import type { CallRequest } from '../../src/contract/gateway';
import { vendorFaults } from '../../src/contract/failures';
import type { Json } from '../../src/contract/value';

export interface Material {
  name: string;
  text: string;
}

export interface Question {
  /** One for each call of a workflow. */
  name: string;
  agent: 'researcher' | 'writer' | 'reviewer';
  prompt: string;
  material: Material[];
}

export interface ModelActivities {
  gateway(question: Question): Promise<string>;
  vendor(question: Question): Promise<string>;
  nobody(question: Question): Promise<string>;
}

export interface Doors {
  gatewayUrl: string;
  internalKey: string;
  vendorUrl: string;
}

/** The budget that the calls through the gateway are taken from, and the run they are booked under. */
export const account = { tenant: 'default', run: 'handwritten', budget: 'run' } as const;

const maxTokens = 4096;
const agents = {
  researcher: {
    model: 'claude-sonnet-5-5',
    system: 'You research one angle of a topic and cite every source.',
  },
  writer: { model: 'claude-sonnet-5-5', system: 'You write an 800-word brief from the findings given.' },
  reviewer: { model: 'claude-haiku-5-5', system: 'You check facts, completeness, formatting and tone.' },
};
const verdictSchema = z.toJSONSchema(decisionShapes.reviewer) as { [name: string]: Json };
const canned = 'Found. '.repeat(280);

/** One model call as an activity, in three ways. */
export function createActivities(doors: Doors): ModelActivities {
  const gateway = createGatewayClient([doors.gatewayUrl], doors.internalKey);
  const vendor = new Anthropic({ apiKey: 'simulated', baseURL: doors.vendorUrl, maxRetries: 0 });

  return {
    gateway: (question) =>
      beating(async (signal) => {
        const { workflowExecution } = Context.current().info;
        const request = requestOf(question, workflowExecution?.runId ?? '');
        const key = `${workflowExecution?.workflowId ?? ''}/${question.name}`;
        const state = await gateway.complete(key, request, signal);
        if (state.state !== 'done') throw new Error(`The call ${key} is ${state.state}.`);
        return state.text;
      }),
    vendor: (question) =>
      beating(async (signal) => {
        const { content } = await vendor.messages.create(
          {
            model: agents[question.agent].model,
            max_tokens: maxTokens,
            system: agents[question.agent].system,
            messages: [{ role: 'user', content: textOf(question) }],
            ...(question.agent === 'reviewer'
              ? { output_config: { format: { type: 'json_schema', schema: verdictSchema } } }
              : {}),
          },
          { signal, timeout: 120_000 },
        );
        return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      }),
    nobody: ({ agent }) => Promise.resolve(agent === 'reviewer' ? '{"approved":true,"issues":[]}' : canned),
  };
}

async function beating<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const beat = setInterval(() => {
    context.heartbeat();
  }, 1000);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(beat);
  }
}

function textOf({ prompt, material }: Question): string {
  return [
    prompt,
    ...material.map(({ name, text }) => `<data name="${name}" id="1">\n${text}\n</data id="1">`),
  ].join('\n\n');
}

function requestOf(question: Question, temporalRun: string): CallRequest {
  const { model, system } = agents[question.agent];
  return {
    tenant: account.tenant,
    run: account.run,
    temporalRun,
    path: question.name,
    agent: question.agent,
    model,
    request: {
      system,
      messages: [{ role: 'user', text: textOf(question) }],
      ...(question.agent === 'reviewer' ? { schema: verdictSchema } : {}),
      maxOutputTokens: maxTokens,
      minOutputTokens: 256,
    },
    budgets: [account.budget],
    allowUnpriced: false,
    policy: {
      ...{ timeoutMs: 120_000, maxRetries: 3, initialDelayMs: 2000, multiplier: 2, maxDelayMs: 30_000 },
      retryOn: [...vendorFaults],
      rate: { key: `bench/${question.agent}`, perMinute: 1_000_000 },
      breaker: { failures: 3, cooldownMs: 60_000 },
    },
  };
}
