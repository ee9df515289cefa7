import type { StartArgument } from '../contract/workflow';
import { run } from './run';

// One workflow type a root pattern, so that Temporal's list reads as what runs. The names stand in
// histories and are never changed.
export const agent = (argument: StartArgument) => run(argument);
export const sequence = (argument: StartArgument) => run(argument);
export const parallel = (argument: StartArgument) => run(argument);
export const review = (argument: StartArgument) => run(argument);
export const approval = (argument: StartArgument) => run(argument);
export const question = (argument: StartArgument) => run(argument);
export const router = (argument: StartArgument) => run(argument);
export const choice = (argument: StartArgument) => run(argument);
export const wait = (argument: StartArgument) => run(argument);
export const emit = (argument: StartArgument) => run(argument);
export const hierarchy = (argument: StartArgument) => run(argument);
export const events = (argument: StartArgument) => run(argument);
export const supervisor = (argument: StartArgument) => run(argument);
export const refine = (argument: StartArgument) => run(argument);
export const debate = (argument: StartArgument) => run(argument);
export const plan = (argument: StartArgument) => run(argument);
export const set = (argument: StartArgument) => run(argument);
export { scheduled } from './scheduled';
