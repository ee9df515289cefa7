import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Catalog } from '../catalog/catalog';
import type { Database } from '../ledger/database';
import type { Gateways } from './gateways';
import type { Temporal } from './temporal';

/** All that the routes work with. Made once by `main.ts`, or by a test. */
export interface Service {
  database: Database;
  temporal: Temporal;
  catalog: Catalog;
  gateways: Gateways;
  /** Shared with the workers, which check by it who decided what. */
  internalKey: string;
  /** Makes runs go on as new Temporal runs after so many steps each, for tests. */
  continueAfterSteps?: number | undefined;
  /** Puts larger fan-outs in groups of so many branches, for tests. */
  branchesHereMax?: number | undefined;
  /** Where Temporal's own UI is, without a slash at its end. */
  temporalUiUrl: string | null;
  /** Prometheus text of a worker, shown with the service's own. */
  workerMetricsUrl: string | null;
  /** What this process measured of itself, as Prometheus text. */
  metricsText(): Promise<string>;
}

/** The application with routes typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
