/** Every bound of the service that is not a user's choice, by name. Units stand last. */
export const limits = {
  /** The unit in which money is counted. */
  costUsdMin: 1e-9,
  /** A value up to the size of a preview rides in history; a larger one is a reference. */
  inlineBytesMax: 256,
  /** A whole that a workflow put together from references is kept as such up to this size, then stored. */
  composedBytesMax: 8 * 1024,
  previewCharactersMax: 200,
  titleCharactersMax: 500,
  skeletonBytesMax: 200 * 1024,

  planBytesMax: 1024 * 1024,
  inputBytesMax: 1024 * 1024,
  bodyBytesMax: 1_572_864,
  activitiesMax: 500,
  jsonDepthMax: 32,
  /** Of a plan: 32 steps inside each other take two levels each, and values and schemas their own. */
  planDepthMax: 160,
  /** Collections of a text in YAML that are open at once, those of a list's entries with them. */
  yamlDepthMax: 400,
  yamlAliasesMax: 100,
  /** Line ends, commas and brackets of a text in YAML, which is read before anything can be counted. */
  yamlMarksMax: 100_000,
  /** Texts, numbers, lists and objects of a plan, at any depth. */
  planValuesMax: 50_000,
  templateBytesMax: 64 * 1024,
  /** Outputs and tags of one template. */
  templateTagsMax: 1000,
  stepsMax: 1000,
  /** Stored plans that one plan runs, itself or through others. */
  subPlansMax: 50,
  branchesMax: 500,
  forEachItemsMax: 10_000,
  /** Parts of one run that are missing or less than they should be, told with their reasons in full; of more only the beginning. */
  incompleteInFull: 1000,
  incompleteReasonCharacters: 60,
  /** Of one fan-out in one workflow. More are carried out in groups of so many, each by a child workflow. */
  branchesHereMax: 250,
  depthMax: 32,
  labelsMax: 20,
  /** Of a goal in words, for which a pattern is recommended. */
  goalCharactersMax: 4000,
  /** Checks of one step, and texts of one check. */
  checksMax: 50,
  checkCharactersMax: 4096,
  /** Agents that answer in a debate. */
  panelMax: 20,

  schemaMillisecondsMax: 250,
  /** What compiling all schemas of one plan may take together. */
  planSchemasMillisecondsMax: 2000,
  schemaBytesMax: 256 * 1024,
  schemaDepthMax: 64,
  renderMillisecondsMax: 250,
  /** Characters and list entries that one rendering may make on its way. */
  renderUnitsMax: 64 * 1024 * 1024,
  renderedBytesMax: 4 * 1024 * 1024,

  /** Where a run goes on as a new Temporal run, before the server says so. */
  historyEventsMax: 2000,
  historyBytesMax: 2 * 1024 * 1024,

  reasksMax: 2,
  /** A summary is asked to be no longer than about this, whatever may be shown. */
  summaryTokensWanted: 1600,
  escalationRetriesMax: 20,
  escalationHours: 72,
  updatesInFlightMax: 8,

  /** Of a CloudEvent's `id`, `type` and `subject`. */
  eventNameCharactersMax: 255,
  eventSourceCharactersMax: 2048,
  eventBytesMax: 256 * 1024,
  /** Events that a run keeps for steps that may wait for them later. */
  eventsKeptMax: 1000,
  /** Through so many plans an event may have come; `hops` counts them. */
  hopsMax: 8,
  /** How often events that plans have published are looked for. */
  courierMilliseconds: 250,
  /** Of one plan. */
  triggersMax: 50,
  /** Times of one schedule that wait for their runs. */
  slotsQueuedMax: 100,
  /** How long it is told what came of a schedule's times. */
  slotsKeptDays: 90,
  /** By one step, and how many of them it takes from the ledger at a time. */
  eventsHandledMax: 1_000_000,
  eventBatchMax: 50,
  /** Entries of `incomplete` of one such step; what comes after them is counted in the last. */
  eventsIncompleteMax: 100,
  /** Ids of events that a run has seen lately, so that none counts twice. */
  eventsSeenMax: 1000,
  /** The longest that a step may wait for a time. */
  waitDaysMax: 365,
  decisionContentBytesMax: 64 * 1024,

  /** A `retry-after` longer than this is waited for by the workflow, on a timer, with no slot held. */
  retryAfterHeldSeconds: 60,
  vendorWaitHours: 24,
  /** A call that its agent's rate admits after no longer than this is held in the gateway. */
  rateHeldMilliseconds: 1000,
  /** While a probe is under way, others at an open breaker are told to come back after a part of its cooldown. */
  probeLookMillisecondsMin: 1000,
  probeLookMillisecondsMax: 10_000,
  /** Rates of agents that have not called for so long are forgotten. */
  rateKeepMinutes: 60,
  idleStreamSeconds: 60,
  callHeartbeatSeconds: 4,
  callPollSeconds: 20,
  /** The longest that a gateway lets one request for a call's state wait. */
  callWaitSecondsMax: 30,
  callKeyBytesMax: 2048,
  callBodyBytesMax: 16 * 1024 * 1024,
  /** A gateway that has not renewed its lease for so long has lost its calls. */
  leaseSeconds: 10,
  leaseRenewSeconds: 2,
  /** So long after an expired lease was first noticed its gateway may still renew it: the ledger may have been away. */
  leaseGraceSeconds: 3,
  /** How often a call in line looks again, beside being told by its own gateway. */
  linePollMilliseconds: 1000,
  /** How often a call that another gateway has is looked up. */
  callLookMilliseconds: 500,
  /** Answers that the ledger can't take yet are held so long before they are given up. */
  settleMinutesMax: 10,
  countSecondsMax: 10,
  /** How long a gateway that is told to stop goes on with the calls that are at vendors. */
  drainSecondsMax: 120,
  answerBytesMax: 8 * 1024 * 1024,
  /** A reader of live text that is behind by more is cut off. */
  streamBufferBytesMax: 1024 * 1024,
  vendorsPublishSeconds: 30,
  vendorsStaleSeconds: 120,

  problemErrorsMax: 100,
  searchCharactersMax: 64 * 1024,
  /** Of one part of an address, such as a step's path. */
  pathBytesMax: 1000,
  pageSize: 50,
  pageSizeMax: 200,
  pingSeconds: 15,
  /** A value larger than this is named in an event, not shown. */
  eventValueBytesMax: 256 * 1024,
  /** How often new events are looked for, once for all readers of a process. */
  eventPollMilliseconds: 200,
  /** Events read from the ledger at once, and about how many bytes of them. */
  eventPageSize: 200,
  eventPageBytes: 2 * 1024 * 1024,
  /** How often the key of somebody who reads events is looked up again. */
  keyCheckSeconds: 60,
  /** A reader of events who takes nothing for so long is cut off. */
  slowReaderSeconds: 30,
} as const;
