import { cpus, totalmem } from 'node:os';
import { contentProduction } from './content-production';
import { fanOut } from './fan-out';
import { parked } from './parked';
import { recovery } from './recovery';
import { server } from './server';

// `npm run bench [-- name…]`: all parts, or those that are named.
const parts: Record<string, () => Promise<void>> = {
  content: contentProduction,
  server,
  recovery,
  'fan-out': fanOut,
  parked,
};

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0)
    throw new Error(`No such part: ${unknown.join(', ')}. There are ${Object.keys(parts).join(', ')}.`);
  const [cpu] = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  console.log(
    `${cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${memory}, Node ${process.versions.node}`,
  );
  console.log(
    `Ledger: ${process.env['DATABASE_URL'] === undefined ? 'embedded' : 'the server of DATABASE_URL'}`,
  );
  for (const name of names.length === 0 ? Object.keys(parts) : names) {
    const startedAt = Date.now();
    await parts[name]?.();
    console.log(`\n(${name}: ${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
  }
}
