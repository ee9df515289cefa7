// `node scripts/health.mjs <url>`: ends with 0 where the address answers well, else with 1; for the
// health checks of containers, which have no other program to ask with.
const [url = ''] = process.argv.slice(2);

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
