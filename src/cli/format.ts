/** `$0.0342`, and more digits where there would be none to see. */
export function usd(amount: number): string {
  if (amount === 0) return '$0';
  return `$${amount.toFixed(amount < 0.01 ? 6 : 4)}`;
}

/** `812`, `12.3k`, `1.2M`. */
export function count(amount: number): string {
  if (amount < 1000) return String(amount);
  return amount < 999_950 ? `${(amount / 1000).toFixed(1)}k` : `${(amount / 1_000_000).toFixed(1)}M`;
}

/** `3.4s`, `1m 05s`, `2h 03m`, `3d 4h`. A clock that runs behind the service's gives no negative time. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${String(Math.floor(whole / 60))}m ${padded(whole % 60)}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440) return `${String(Math.floor(minutes / 60))}h ${padded(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${String(Math.floor(hours / 24))}d ${String(hours % 24)}h`;
}

function padded(amount: number): string {
  return String(amount).padStart(2, '0');
}

/** A number with its noun: `counted(1, 'call')` is `1 call`, `counted(2, 'call')` is `2 calls`. */
export function counted(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** `2026-11-20 14:03:22` in local time. */
export function localTime(time: string): string {
  const at = new Date(time);
  const day = [at.getFullYear(), padded(at.getMonth() + 1), padded(at.getDate())].join('-');
  return `${day} ${clockTime(time)}`;
}

/** `14:03:22` in local time. */
export function clockTime(time: string): string {
  const at = new Date(time);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(padded).join(':');
}

/** Rows in columns as wide as their widest cell; the last column is left as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
