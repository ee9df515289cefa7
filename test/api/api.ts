import { randomBytes } from 'node:crypto';
import type { RouteOptions } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/api/app';
import { createGateways } from '../../src/api/gateways';
import type { App, Service } from '../../src/api/service';
import { openTemporal } from '../../src/api/temporal';
import { loadCatalog } from '../../src/catalog/load';
import { readConfig } from '../../src/config';
import { ensureTenant } from '../../src/ledger/contents';
import { hashKey, scopes as allScopes } from '../../src/ledger/keys';
import { publishVendors } from '../../src/ledger/vendors';
import { testDatabase, type TestDatabase } from '../support/database';

export interface TestApi {
  app: App;
  service: Service;
  ledger: TestDatabase;
  taskQueue: string;
  temporalAddress: string;
  /** A new key; by default of an admin of tenant `default`. */
  key(options?: { tenant?: string; user?: string; scopes?: string[]; expiresAt?: Date }): Promise<string>;
  close(): Promise<void>;
}

export const internalKey = 'internal-key-for-tests';

/** The API on a ledger of its own and the Temporal of this test run, with no worker and no gateway. */
export async function testApi(
  options: {
    temporalAddress?: string;
    gatewayUrls?: string[];
    onRoute?: (route: RouteOptions) => void;
    /** One to share, which whoever made it closes. */
    ledger?: TestDatabase;
  } = {},
): Promise<TestApi> {
  const ledger = options.ledger ?? (await testDatabase());
  const taskQueue = `api-${randomBytes(6).toString('hex')}`;
  const temporalAddress = options.temporalAddress ?? process.env['TEST_TEMPORAL_ADDRESS'] ?? '';
  const config = readConfig({
    TEMPORAL_ADDRESS: temporalAddress,
    FERMATA_TASK_QUEUE: taskQueue,
  });
  const temporal = openTemporal(config);
  const service: Service = {
    database: ledger.database,
    temporal,
    catalog: loadCatalog('no-such-file.yaml'),
    gateways: createGateways(options.gatewayUrls ?? [], internalKey),
    internalKey,
    temporalUiUrl: 'http://127.0.0.1:8233',
    workerMetricsUrl: null,
    metricsText: () => Promise.resolve(''),
  };
  await publishVendors(ledger.database, [{ vendor: 'anthropic', usable: true, simulated: true }]);
  const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const app = await buildApp(service, {
    version: '0.0.0',
    logger,
    ...(options.onRoute === undefined ? {} : { onRoute: options.onRoute }),
  });
  return {
    ...{ app, service, ledger, taskQueue, temporalAddress },
    async key({ tenant = 'default', user = 'ada', scopes = [...allScopes], expiresAt } = {}) {
      const secret = `key-${randomBytes(16).toString('hex')}`;
      await ensureTenant(ledger.database, tenant, tenant);
      await ledger.database.query(
        `INSERT INTO api_keys (tenant, id, name, user_name, roles, scopes, secret_hash, expires_at)
         VALUES ($1, $2, 'test', $3, '{}', $4, $5, $6)`,
        [tenant, randomBytes(8).toString('hex'), user, scopes, hashKey(secret), expiresAt ?? null],
      );
      return secret;
    },
    async close() {
      await app.close();
      await temporal.close();
      if (options.ledger === undefined) await ledger.close();
    },
  };
}

/** The smallest plan: no model, no person. */
export const smallPlan = {
  name: 'small',
  version: '1.0.0',
  flow: { type: 'set', value: 'done' },
};

/** A plan whose input has a schema and whose agents have names. */
export const writerPlan = {
  name: 'writer',
  version: '1.0.0',
  input: {
    type: 'object',
    required: ['topic'],
    additionalProperties: false,
    properties: { topic: { type: 'string', minLength: 3 } },
  },
  agents: { writer: { model: 'claude-sonnet', instructions: 'You write.' } },
  flow: {
    type: 'sequence',
    steps: [
      { id: 'draft', type: 'agent', agent: 'writer', prompt: 'Write about {{ input.topic }}.' },
      { id: 'sign-off', type: 'approval', title: 'Publish?' },
    ],
  },
};

export function bearer(key: string): { authorization: string } {
  return { authorization: `Bearer ${key}` };
}
