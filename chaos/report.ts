/** What a round came to. */
export interface Report {
  scenario: string;
  seed: number;
  profile: string;
  figures: Record<string, number>;
  violations: string[];
  /** All that happened, with times. */
  timeline: string[];
}

/** The report as a person reads it; with its timeline where something does not hold. */
export function reportLines(report: Report): string[] {
  const { scenario, seed, profile, figures, violations } = report;
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const verdict =
    violations.length === 0
      ? 'Everything holds.'
      : `${String(violations.length)} violations, seed ${String(seed)}:`;
  return [
    '',
    `${scenario}, seed ${String(seed)}, on ${profile}`,
    ...Object.entries(figures).map(([name, value]) => `  ${name.padEnd(width)}  ${String(value)}`),
    verdict,
    ...violations.map((violation) => `  ${violation}`),
    ...(violations.length === 0 ? [] : ['Timeline:', ...report.timeline]),
  ];
}
