/** Every bound of the service that is not a user's choice, by name. Units stand last. */
export const limits = {
  /** A value up to this size rides in history; a larger one is a reference. */
  inlineBytesMax: 2048,
  /** What an activity or workflow may carry at most before it becomes a reference. */
  payloadBytesMax: 256 * 1024,
  previewCharactersMax: 200,
  skeletonBytesMax: 200 * 1024,

  planBytesMax: 1024 * 1024,
  inputBytesMax: 1024 * 1024,
  bodyBytesMax: 1_572_864,
  jsonDepthMax: 32,
  templateBytesMax: 64 * 1024,
  stepsMax: 1000,
  branchesMax: 500,
  forEachItemsMax: 10_000,
  depthMax: 32,
  labelsMax: 20,

  schemaMillisecondsMax: 250,
  renderMillisecondsMax: 250,
  renderedBytesMax: 4 * 1024 * 1024,

  reasksMax: 2,
  escalationRetriesMax: 20,
  signalsPerRunMax: 5000,
  updatesInFlightMax: 8,
  decisionContentBytesMax: 64 * 1024,

  /** A `retry-after` longer than this is waited for by the workflow, on a timer, with no slot held. */
  retryAfterHeldSeconds: 60,
  vendorWaitHours: 24,
  idleStreamSeconds: 60,
  callHeartbeatSeconds: 5,
  callPollSeconds: 20,

  problemErrorsMax: 100,
  pageSize: 50,
  pageSizeMax: 200,
  pingSeconds: 15,
} as const;
