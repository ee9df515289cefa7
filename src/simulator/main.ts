import { randomBytes } from 'node:crypto';
import { loadCatalog } from '../catalog/load';
import { limits } from '../contract/limits';
import { runPart } from '../lifecycle';
import { createSimulator } from './app';

/** As long as a gateway may take to finish the calls in flight. */
const lingerMsMax = limits.drainSecondsMax * 1000;

runPart({
  name: 'simulator',
  graceMs: lingerMsMax + 10_000,
  async start(config) {
    const catalog = loadCatalog(config.FERMATA_CONFIG);
    const simulator = createSimulator({
      latencyMs: config.SIMULATOR_LATENCY_MS,
      // The record holds prompts: without a key that is known to nobody, any user of the machine could read it.
      controlKey: config.FERMATA_INTERNAL_KEY ?? randomBytes(32).toString('hex'),
      knows: (model) => catalog.resolve(model)?.id === model,
      ledgerFile: config.SIMULATOR_LEDGER_FILE,
    });
    const url = await simulator.listen(config.SIMULATOR_PORT);
    return {
      url,
      async stop(reason) {
        // Left alone, it stays for the gateway that still waits for answers.
        if (reason === 'orphaned') await simulator.untilUnused(lingerMsMax);
        await simulator.close();
      },
    };
  },
});
