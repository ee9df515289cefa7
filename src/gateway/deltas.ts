import { EventEmitter } from 'node:events';
import type { CallDelta } from '../contract/gateway';

/** Live text of answers, to whoever listens at the moment; nothing is kept. */
export interface Deltas {
  publish(tenant: string, delta: CallDelta): void;
  /** Answers how to end it. */
  subscribe(tenant: string, run: string, listener: (delta: CallDelta) => void): () => void;
}

/** One for a gateway. */
export function createDeltas(): Deltas {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    publish: (tenant, delta) => void emitter.emit(`${tenant}/${delta.runId}`, delta),
    subscribe(tenant, run, listener) {
      const name = `${tenant}/${run}`;
      emitter.on(name, listener);
      return () => void emitter.off(name, listener);
    },
  };
}
