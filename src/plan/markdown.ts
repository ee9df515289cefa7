import type { Fault } from './fault';
import { inThread, SchemaError } from './checking-thread';

/** What of a Markdown text is not well formed. Throws `SchemaError` where it can't be read in its time. */
export async function validateMarkdown(text: string): Promise<Fault[]> {
  const { type, faults } = await inThread({ type: 'markdown', text });
  if (type === 'checked') return faults;
  throw new SchemaError('invalid_schema', `The Markdown can't be read: ${faults[0]?.message ?? ''}.`);
}
