export default async function tearDown(): Promise<void> {
  await Promise.all([globalThis.testTemporal?.stop(), globalThis.testPostgres?.close()]);
}
