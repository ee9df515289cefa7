import type { Activities } from '../contract/activities';
import { callModel } from './call-model';
import { closeRun } from './close-run';
import { emitEvent } from './emit-event';
import { evaluate } from './evaluate';
import { createGatewayClient } from './gateway-client';
import { openApproval } from './open-approval';
import { noteSlot } from './note-slot';
import type { Ports } from './ports';
import { recallAnswer } from './recall-answer';
import { subscribe } from './subscribe';
import { takeEvents } from './take-events';
import { writeJournal } from './write-journal';

/** The activities, bound to what they need. Their names stand in histories. */
export function createActivities(ports: Ports): Activities {
  const gateway = createGatewayClient(ports.gatewayUrls, ports.internalKey);
  return {
    callModel: (call) => callModel(ports, gateway, call),
    recallAnswer: (request) => recallAnswer(ports, request),
    evaluate: (request) => evaluate(ports, request),
    openApproval: (request) => openApproval(ports, request),
    subscribe: (request) => subscribe(ports, request),
    takeEvents: (request) => takeEvents(ports, request),
    emitEvent: (request) => emitEvent(ports, request),
    noteSlot: (due) => noteSlot(ports, due),
    writeJournal: ({ run, journal }) => writeJournal(ports, { tenant: run.tenant, run: run.run, journal }),
    closeRun: (request) => closeRun(ports, gateway, request),
  };
}
