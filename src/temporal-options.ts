import { readFileSync } from 'node:fs';
import { SettingError, type Config } from './config';

export interface TemporalOptions {
  address: string;
  apiKey?: string;
  tls?: true | { serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } };
}

/** How to reach Temporal, from the settings: worker and API alike. An API key means TLS. */
export function temporalOptions(config: Config): TemporalOptions {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey } = config;
  if (address === undefined)
    throw new SettingError('TEMPORAL_ADDRESS: must be set where a part is started alone.');
  const tls = tlsOptions(config);
  return { address, ...(apiKey === undefined ? {} : { apiKey }), ...(tls === undefined ? {} : { tls }) };
}

function tlsOptions({
  TEMPORAL_API_KEY,
  TEMPORAL_TLS_CA,
  TEMPORAL_TLS_CERT,
  TEMPORAL_TLS_KEY,
}: Config): TemporalOptions['tls'] {
  const hasPair = TEMPORAL_TLS_CERT !== undefined && TEMPORAL_TLS_KEY !== undefined;
  if (!hasPair && TEMPORAL_TLS_CA === undefined) return TEMPORAL_API_KEY === undefined ? undefined : true;
  return {
    ...(TEMPORAL_TLS_CA === undefined ? {} : { serverRootCACertificate: readFileSync(TEMPORAL_TLS_CA) }),
    ...(hasPair
      ? { clientCertPair: { crt: readFileSync(TEMPORAL_TLS_CERT), key: readFileSync(TEMPORAL_TLS_KEY) } }
      : {}),
  };
}
