/**
 * Settings of whoever runs the harness that must not reach the parts: each stand is made of its own
 * parts only.
 */
export const foreignSettings: Record<string, undefined> = Object.fromEntries(
  [
    ...['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_UI_URL'],
    ...['TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY', 'TEMPORAL_TLS_CA', 'FERMATA_URL', 'FERMATA_API_KEY'],
    ...['FERMATA_CONFIG', 'FERMATA_INTERNAL_KEY', 'GATEWAY_URL', 'GATEWAY_PORT', 'SIMULATOR_URL', 'HOST'],
    ...['SIMULATOR_PORT', 'WORKER_METRICS_PORT', 'WORKER_METRICS_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ].map((name) => [name, undefined]),
);
