import type { Database } from './database';

/** How far something has been read; null where that was never noted. */
export async function readWatermark(database: Database, name: string): Promise<Date | null> {
  const { rows } = await database.query<{ at: Date }>('SELECT at FROM watermarks WHERE name = $1', [name]);
  return rows[0]?.at ?? null;
}

/** Moves a watermark on, never back. */
export async function moveWatermark(database: Database, name: string, at: Date): Promise<void> {
  await database.query(
    `INSERT INTO watermarks (name, at) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET at = greatest(watermarks.at, excluded.at)`,
    [name, at],
  );
}
