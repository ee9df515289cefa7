import { ArgumentError, readOptions, type Options } from './options';
import { play } from './play';
import { reportLines } from './report';
import { allScenarios } from './scenarios/all';

// `npm run chaos -- <scenario …> [--seed n] [--on embedded|postgres] [--runs n] [--strikes n] [--short]`:
// plays rounds of faults against the service and judges it. Ends with 1 where anything does not hold.
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function explain(): void {
  say(
    'npm run chaos -- <scenario …|all> [--seed n] [--on embedded|postgres] [--runs n] [--strikes n] [--short]',
  );
  for (const { name, about, profiles } of allScenarios)
    say(`  ${name.padEnd(16)} ${about} (${profiles.join(', ')})`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), allScenarios);
  if (options.scenarios.length === 0) {
    explain();
    return 2;
  }
  let violated = 0;
  for (const scenario of options.scenarios) violated += await round(scenario, options);
  return violated === 0 ? 0 : 1;
}

async function round(scenario: Options['scenarios'][number], options: Options): Promise<number> {
  const { seed, profile, short, runs, strikes } = options;
  const size = short ? scenario.short : scenario.size;
  const report = await play({
    ...{ scenario, seed, say },
    profile: profile ?? scenario.profiles[0] ?? 'embedded',
    size: { ...size, runs: runs ?? size.runs, strikes: strikes ?? size.strikes },
  });
  for (const line of reportLines(report)) say(line);
  return report.violations.length;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    process.exit(130);
  });
main().then(
  (code) => {
    process.exit(code);
  },
  (error: unknown) => {
    if (error instanceof ArgumentError) say(`chaos: ${error.message}`);
    else console.error(error);
    process.exit(2);
  },
);
