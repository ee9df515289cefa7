import { Command, InvalidArgumentError, Option } from 'commander';
import { agents } from './commands/agents';
import { approvals } from './commands/approvals';
import { cancel } from './commands/cancel';
import { decide, type DecideOptions } from './commands/decide';
import { doctor } from './commands/doctor';
import { draft } from './commands/draft';
import { estimate } from './commands/estimate';
import { models } from './commands/models';
import { listPlans, pushPlan, validatePlan } from './commands/plans';
import { recommend, type RecommendOptions } from './commands/recommend';
import { run, type RunOptions } from './commands/run';
import { runs, type RunsOptions } from './commands/runs';
import { addSchedule, changeSchedule, listSchedules, type AddOptions } from './commands/schedules';
import { show } from './commands/show';
import { watch } from './commands/watch';
import { addEventCommands } from './event-commands';
import { collect, type Perform } from './perform';

/** The commands with their arguments; what each does is handed to `perform`. */
export function createProgram(perform: Perform): Command {
  const program = new Command('fermata')
    .description('Runs plans of AI agents on the Fermata service, and decides what waits for a person.')
    .option('--json', 'print data only, as JSON')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see: npx fermata --help)');
  addRunCommands(program, perform);
  addApprovalCommands(program, perform);
  addPlanCommands(program, perform);
  addScheduleCommands(program, perform);
  addEventCommands(program, perform);
  program
    .command('models')
    .description('list the models that a plan may name')
    .action(() => perform(models));
  program
    .command('agents')
    .description('list the agents of the stored plans, with figures of their use')
    .action(() => perform(agents));
  program
    .command('doctor')
    .description('check the service, the key and the vendors')
    .action(() => perform(doctor));
  return program;
}

function addRunCommands(program: Command, perform: Perform): void {
  program
    .command('run')
    .description('start a run of a plan: a file (YAML or JSON), or the name of a stored plan')
    .argument('<plan>', 'plan.yaml, name, name@1.0.0')
    .option('--input <json>', 'the input as JSON, or @file')
    .option(
      '--set <name=value>',
      'set a field of the input, over --input: JSON, else text: topic="heat pumps", a.b=1, year=\'"2026"\'',
      collect,
      [],
    )
    .option('--label <name=value>', 'mark the run', collect, [])
    .option('--limit-usd <amount>', 'stop before it costs more', positiveNumber)
    .option('--watch', 'stay with it to its end, and decide what it asks')
    .addHelpText('after', exitHelp)
    .action((plan: string, options: RunOptions) => perform((session) => run(session, plan, options)));
  program
    .command('estimate')
    .description('say what a run of a plan would use, and start nothing')
    .argument('<plan>', 'plan.yaml, name, name@1.0.0')
    .option('--input <json>', 'the input as JSON, or @file')
    .option('--set <name=value>', 'set a field of the input', collect, [])
    .option('--limit-usd <amount>', 'under this limit', positiveNumber)
    .action((plan: string, options: Omit<RunOptions, 'label'>) =>
      perform((session) => estimate(session, plan, { ...options, label: [] })),
    );
  program
    .command('runs')
    .description('list runs, newest first')
    .option('--status <status>', 'only those that stand so; may be repeated', collect, [])
    .option('--plan <name>', 'only those of a plan: name or name@1.0.0')
    .option('--label <name=value>', 'only those marked so')
    .option('--q <words>', 'only those with these words in input, output or error')
    .option('--limit <count>', 'how many, 200 at most', positiveInteger)
    .action((options: RunsOptions) => perform((session) => runs(session, options)));
  program
    .command('show')
    .description('show a run')
    .argument('<run>')
    .option('--steps', 'with the tree of its steps')
    .action((id: string, options: { steps?: true }) => perform((session) => show(session, id, options)));
  program
    .command('watch')
    .description('follow a run to its end, and decide what it asks')
    .argument('<run>')
    .addHelpText('after', exitHelp)
    .action((id: string) => perform((session) => watch(session, id)));
  program
    .command('cancel')
    .description('cancel a run')
    .argument('<run>')
    .option('--reason <text>', 'why')
    .action((id: string, options: { reason?: string }) => perform((session) => cancel(session, id, options)));
}

const exitHelp = `
With a terminal the tree of steps and the questions are on standard error; the output goes to
standard output, so that it can be sent to a file. Exit codes: 0 completed, 1 failed or cancelled,
3 rejected, 5 partial, 130 interrupted (the run goes on), 2 wrong usage, 4 no service.`;

function addApprovalCommands(program: Command, perform: Perform): void {
  program
    .command('approvals')
    .description('list what waits for a person, or show one with its content')
    .argument('[approval]')
    .action((id: string | undefined) => perform((session) => approvals(session, id)));
  const comment = () => new Option('--comment <text>', 'what to say with it');
  const content = () =>
    new Option('--content <text>', 'the new content: text, or @file; without it $EDITOR opens');
  for (const decision of ['approve', 'reject'] as const) {
    program
      .command(decision)
      .description(`${decision} what an approval shows`)
      .argument('<approval>')
      .addOption(comment())
      .action((id: string, options: DecideOptions) =>
        perform((session) => decide(session, id, { ...options, decision })),
      );
  }
  program
    .command('edit')
    .description('approve it with another content')
    .argument('<approval>')
    .addOption(content())
    .addOption(comment())
    .action((id: string, options: DecideOptions) =>
      perform((session) => decide(session, id, { ...options, decision: 'edit' })),
    );
  program
    .command('decide')
    .description(
      'answer a question; or decide an escalation: retry the step, answer in its place, skip it, or fail',
    )
    .argument('<approval>')
    .addArgument(program.createArgument('<decision>').choices(['retry', 'answer', 'skip', 'fail']))
    .addOption(content())
    .addOption(comment())
    .action((id: string, decision: 'retry' | 'answer' | 'skip' | 'fail', options: DecideOptions) =>
      perform((session) => decide(session, id, { ...options, decision })),
    );
}

function addPlanCommands(program: Command, perform: Perform): void {
  const plans = program.command('plans').description('check, store and list plans');
  plans
    .command('validate')
    .description('say everything that is wrong with a plan')
    .argument('<file>')
    .action((file: string) => perform((session) => validatePlan(session, file)));
  plans
    .command('push')
    .description("store a plan's version")
    .argument('<file>')
    .action((file: string) => perform((session) => pushPlan(session, file)));
  plans
    .command('list')
    .description('list the stored plans')
    .action(() => perform(listPlans));
  plans
    .command('draft')
    .description('have an agent write a plan for a goal, and print it')
    .argument('<goal>', 'what is wanted, in words')
    .action((goal: string) => perform((session) => draft(session, goal)));
  plans
    .command('recommend')
    .description('say which pattern fits a goal and why, and print a small plan of it')
    .argument('[goal]', 'what is wanted, in words')
    .option(
      '--answer <name=value>',
      'answer a question: stepsDepend, iterativeQuality, moreThanTenAgents, dynamicDelegation, allResultsNeeded',
      collect,
      [],
    )
    .action((goal: string | undefined, options: RecommendOptions) =>
      perform((session) => recommend(session, goal, options)),
    );
}

function addScheduleCommands(program: Command, perform: Perform): void {
  const schedules = program
    .command('schedules')
    .description('list the times at which plans are run')
    .action(() => perform(listSchedules));
  schedules
    .command('add')
    .description('run a stored plan by the clock')
    .argument('<plan>', 'name, name@1.0.0')
    .argument('<cron>', 'five fields, such as "0 7 * * 1-5"')
    .option('--input <json>', 'the input as JSON, or @file')
    .option('--set <name=value>', 'set a field of the input', collect, [])
    .option('--timezone <name>', 'such as Europe/Berlin; UTC without it')
    .addOption(
      new Option('--overlap <what>', 'while an earlier run is still open').choices(['skip', 'queue', 'all']),
    )
    .action((plan: string, cron: string, options: AddOptions) =>
      perform((session) => addSchedule(session, { plan, cron }, options)),
    );
  for (const change of ['pause', 'resume', 'remove'] as const) {
    schedules
      .command(change)
      .description(`${change} a schedule`)
      .argument('<schedule>')
      .action((id: string) => perform((session) => changeSchedule(session, id, change)));
  }
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It is not an amount over 0.');
  return value;
}

function positiveInteger(text: string): number {
  const value = positiveNumber(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It is not a whole number.');
  return value;
}
