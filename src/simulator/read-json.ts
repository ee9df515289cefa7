import type { IncomingMessage } from 'node:http';

const bytesMax = 32 * 1024 * 1024;

export type Given = { type: 'json'; value: unknown } | { type: 'broken' } | { type: 'too_large' };

/** Reads a request's body. What is too large is read to its end, so that the client can be told. */
export async function readJson(request: IncomingMessage): Promise<Given> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  if (bytes > bytesMax) return { type: 'too_large' };
  try {
    return { type: 'json', value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return { type: 'broken' };
  }
}
