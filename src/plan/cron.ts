/** The fields in order, each with its bounds. A week's day may be 7 for Sunday, too. */
const fields = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of the week', least: 0, most: 7 },
] as const;
/** Of every month, the 29th of February included. */
const daysMost = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const part = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/;

/** What is wrong with a cron expression, in a sentence; null where it is right. */
export function cronFault(text: string): string | null {
  const written = text.trim().split(/\s+/);
  if (written.length !== fields.length)
    return `${JSON.stringify(text)} has ${String(written.length)} fields; a cron expression has 5: minute, hour, day of the month, month, day of the week.`;
  for (const [index, { name, least, most }] of fields.entries()) {
    const field = written[index] ?? '';
    const fits = field.split(',').every((each) => {
      const [whole, from, to = from, step = '1'] = part.exec(each) ?? [];
      if (whole === undefined || Number(step) < 1) return false;
      return (
        from === undefined || (Number(from) >= least && Number(from) <= Number(to) && Number(to) <= most)
      );
    });
    if (!fits)
      return `${JSON.stringify(field)} is no ${name}: write *, numbers from ${String(least)} to ${String(most)}, ranges such as 1-5, steps such as */15, or a list of these.`;
  }
  const [, , days = '', months = ''] = written;
  if (!comes(days, months))
    return `${JSON.stringify(text)} never comes: no month that it names has such a day.`;
  return null;
}

/** Whether one of the months has one of the days; both fields are right by themselves. */
function comes(days: string, months: string): boolean {
  const firstDay = Math.min(...days.split(',').map((each) => Number.parseInt(each, 10) || 1));
  return daysMost.some((most, index) => firstDay <= most && isNamed(months, index + 1));
}

function isNamed(field: string, value: number): boolean {
  return field.split(',').some((each) => {
    const [, from, to, step] = part.exec(each) ?? [];
    const first = Number(from ?? 1);
    // A number with a step goes on from there.
    const last =
      to === undefined ? (from === undefined || step !== undefined ? Infinity : first) : Number(to);
    return value >= first && value <= last && (value - first) % Number(step ?? 1) === 0;
  });
}

/** What is wrong with a time zone; null where it is one. */
export function timezoneFault(name: string): string | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return null;
  } catch {
    return `${JSON.stringify(name)} is no time zone of the IANA list, such as Europe/Berlin.`;
  }
}
