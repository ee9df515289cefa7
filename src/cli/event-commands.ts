import type { Command } from 'commander';
import { listEvents, redeliverEvent, sendEvent, type ListOptions, type SendOptions } from './commands/events';
import { collect, type Perform } from './perform';

/** The commands about events from outside and from plans. */
export function addEventCommands(program: Command, perform: Perform): void {
  const events = program.command('events').description('send events, and list what became of them');
  events
    .command('send')
    .description('send an event: it wakes the steps that wait for it and starts the plans that it triggers')
    .argument('<type>', 'such as payment.received')
    .option('--input <json>', 'its data as JSON, or @file')
    .option('--set <name=value>', 'set a field of its data', collect, [])
    .option('--source <uri>', 'where it comes from; /cli without it')
    .option('--id <id>', 'its id: with the same source and id it counts once; a new one without it')
    .option('--subject <text>', 'what it is about')
    .action((type: string, options: SendOptions) => perform((session) => sendEvent(session, type, options)));
  events
    .command('list')
    .description('list events, newest first')
    .option('--status <status>', 'only those that stand so; may be repeated', collect, [])
    .action((options: ListOptions) => perform((session) => listEvents(session, options)));
  events
    .command('redeliver')
    .description('deliver an event again: what did not follow from it before')
    .argument('<event>', 'its id in the list')
    .action((id: string) => perform((session) => redeliverEvent(session, id)));
}
