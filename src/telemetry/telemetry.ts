import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
// The only way to the exporters that the standard OTEL_* settings ask for and still hold the span
// processors, which workflow spans must be handed to. Internal to the package, hence its exact version.
import {
  getOtlpMetricExporterFromEnv,
  getPeriodicExportingMetricReaderFromEnv,
  getSpanProcessorsFromEnv,
} from '@opentelemetry/sdk-node/build/src/utils';
import { AlwaysOffSampler, NoopSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import type { Config } from '../config';
import { inAll } from './in-all';

export interface Telemetry {
  /** For Temporal's worker, client and bundler alike: histories made with it don't replay without it. */
  plugin: OpenTelemetryPlugin;
  /** What this process measured, in Prometheus' text format. */
  metricsText(): Promise<string>;
  /** Sends what is left. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing and metrics of one process. Traces are made and passed on always, so that log lines
 * can name them; they leave the process only where a standard `OTEL_*` setting names a receiver.
 */
export function startTelemetry(part: string, config: Config): Telemetry {
  const resource = resources
    .resourceFromAttributes({ 'service.namespace': 'fermata' })
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': `${config.OTEL_SERVICE_NAME}-${part}` }));
  const exported = exportsTraces(config);
  const spanProcessors = exported ? getSpanProcessorsFromEnv(undefined) : [];
  if (spanProcessors.length === 0) spanProcessors.push(new NoopSpanProcessor());
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const metricReaders: IMetricReader[] = [prometheus];
  if (exportsMetrics(config))
    metricReaders.push(getPeriodicExportingMetricReaderFromEnv(getOtlpMetricExporterFromEnv()));

  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    spanProcessors,
    // A trace that begins here and nobody receives is not recorded: the mark travels, so that workflow
    // code makes no records either. A caller's trace goes on as it came.
    ...(exported ? {} : { sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) }),
    metricReaders,
    logRecordProcessors: [],
  });
  sdk.start();

  const serializer = new PrometheusSerializer();
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor: inAll(spanProcessors) }),
    async metricsText() {
      const { resourceMetrics } = await prometheus.collect();
      return serializer.serialize(resourceMetrics);
    },
    shutdown: () => sdk.shutdown(),
  };
}

function exportsTraces(config: Config): boolean {
  if (config.OTEL_TRACES_EXPORTER !== undefined) return config.OTEL_TRACES_EXPORTER !== 'none';
  return (config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined;
}

function exportsMetrics(config: Config): boolean {
  if (config.OTEL_METRICS_EXPORTER !== undefined) return config.OTEL_METRICS_EXPORTER === 'otlp';
  return (config.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined;
}
