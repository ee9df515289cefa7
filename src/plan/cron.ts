/** The fields in order, each with its bounds. A week's day may be 7 for Sunday, too. */
const fields = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of the week', least: 0, most: 7 },
] as const;
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
  return null;
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
