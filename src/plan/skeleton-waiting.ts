import type { AgentStep, ApprovalStep, EmitStep, EventsStep, QuestionStep, WaitStep } from '../contract/plan';
import type { HeldNode } from '../contract/node-parts';
import type { ApprovalNode, EmitNode, EventsNode, QuestionNode, WaitNode } from '../contract/skeleton';
import { answerSchema, contentSchema } from './content-schema';
import { durationMs, planDefaults } from './defaults';
import { pointerTo } from './json';
import { child, expression, type At, type StepFrame } from './skeleton-place';

export function approvalNode(step: ApprovalStep, at: At, frame: StepFrame): ApprovalNode {
  const { type, risk, allow, onTimeout, onReject, revise } = step;
  const { maxRevisions = planDefaults.approvalRevisions } = step;
  const schemaAt = contentSchema(at.plan, step, at);
  return {
    ...{ type, ...frame, title: expression(at, 'title', step.title) },
    ...(step.content === undefined ? {} : { content: expression(at, 'content', step.content) }),
    ...(schemaAt === null ? {} : { schemaAt }),
    ...{ risk, allow, timeoutMs: durationMs(step.timeout), onTimeout, onReject },
    ...(revise === undefined ? {} : { maxRevisions, revise: child(revise, { ...at, before: [] }, 'revise') }),
  };
}

/** What is to become of an agent's answer before others see it. */
export function heldNode(step: AgentStep, at: At): { held?: HeldNode } {
  const { risk } = step;
  if (risk === undefined) return {};
  const level = risk === 'low' || risk === 'medium' || risk === 'high' ? risk : expression(at, 'risk', risk);
  const timeoutMs = durationMs(planDefaults.approvalTimeout);
  return { held: { risk: level, timeoutMs, schemaAt: answerSchema(at.plan, step, at.pointer) } };
}

export function questionNode(step: QuestionStep, at: At, frame: StepFrame): QuestionNode {
  const { type, onTimeout } = step;
  return {
    ...{ type, ...frame, title: expression(at, 'title', step.title) },
    ...(step.content === undefined ? {} : { content: expression(at, 'content', step.content) }),
    ...{ answerAt: pointerTo(at.pointer, 'answer'), timeoutMs: durationMs(step.timeout), onTimeout },
  };
}

export function waitNode(step: WaitStep, at: At, frame: StepFrame): WaitNode {
  const { type, event } = step;
  // Of an event they say which and how long, not whether and how long the step may work.
  const { when, timeoutMs, ...rest } = frame;
  if (event !== undefined) {
    const awaited = {
      type: 'event',
      event,
      timeoutMs: timeoutMs ?? durationMs(planDefaults.eventTimeout),
    } as const;
    return { type, ...rest, wait: { ...awaited, ...(when === undefined ? {} : { fits: when }) } };
  }
  if (step.for !== undefined) return { type, ...frame, wait: { type: 'for', ms: durationMs(step.for) } };
  return { type, ...frame, wait: { type: 'until', time: expression(at, 'until', step.until ?? '') } };
}

export function emitNode({ type, event, data }: EmitStep, at: At, frame: StepFrame): EmitNode {
  return { type, ...frame, event, ...(data === undefined ? {} : { data: expression(at, 'data', data) }) };
}

export function eventsNode(step: EventsStep, at: At, frame: StepFrame): EventsNode {
  const { type, concurrency } = step;
  const { event, maxEvents, idle } = step.until;
  return {
    ...{ type, ...frame, concurrency },
    handlers: Object.entries(step.handlers).map(([name, handler]) => ({
      event: name,
      step: child(handler, { ...at, before: [] }, 'handlers', name),
    })),
    until: {
      ...(event === undefined ? {} : { event }),
      ...(maxEvents === undefined ? {} : { maxEvents }),
      idleMs: durationMs(idle),
    },
  };
}
