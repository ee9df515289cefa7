/** Of every step. */
const step = {
  id: 'The name for templates and paths, unique in the plan.',
  when: 'Where it is false the step is skipped, and its output is `null`.',
  timeout: 'How long the step may work; then it fails as `step_timeout`.',
  limits: 'What this step and those inside it may use.',
  isolate: 'Whether a child workflow with a history of its own carries out the step and those inside it.',
  onFailure: 'What follows when the step fails.',
};

/**
 * What each field of the plan language means, one sentence each, by schema and field. The published
 * JSON Schema, the OpenAPI document and the reference page carry them.
 */
export const planDescriptions = {
  step,
  schemas: {
    Plan: 'A plan: who the agents are and how they work together.',
    Limits: 'What a run, or a step with all inside it, may use; a call that could pass a limit is not made.',
    Agent: 'Who is asked: one or more models, a system prompt, and how their answers are taken.',
    Context:
      'What an agent sees beside its prompt: the outputs of finished steps before it in its own line. `full`: all of them; `summary`: a summary of them, by the plan’s agent `summarizer`, else by one of the service’s own on a cheap model; `auto`: all, and beyond `maxTokens` a summary; `workspace`: the document that all agents with this context share, to which an agent step adds its output as a section; `none`: nothing.',
    Condition:
      'A comparison such as `steps.inspect.output.severity == "serious"`, or several, of which all, any or not one must hold.',
    Trigger: 'An event or a time that starts a run; the run belongs to whoever stored the plan.',
    Team: 'A supervisor with its workers, or with teams of its own, to which a manager may give an assignment.',
    OnFailure:
      'What follows a failure: `fail` passes it on, `skip` gives `null`, `value` gives that, `cached` gives an earlier answer, `step` runs another step; `escalate`: a person has it tried again, answers in its place, skips it or fails it (for 72 hours).',
    Duration: 'A number and a unit, such as `30s`, `5m` or `72h`; at most `365d`.',
    JsonSchema: 'A JSON Schema 2020-12, with patterns as RE2 reads them.',
  },
  plan: {
    name: 'What the plan is called, and stored under.',
    version: 'A semantic version; a stored one never changes.',
    description: 'What the plan is for.',
    input: "What the run's input must fit, checked before anything starts.",
    output: "What the run's output must fit, checked at its end; a misfit fails the run.",
    agents: 'The agents, by name.',
    limits: 'What the run may use in all.',
    context: 'What agents see beside their prompt, where a step does not say.',
    alerts: 'When to open an alert.',
    triggers: 'What starts runs of the live version without anybody asking.',
    flow: 'The root step.',
  },
  eventTrigger: {
    event: 'The type of the event.',
    when: 'Which of them, by a condition that knows `event`.',
    input: 'The input of the run: any JSON; the strings in it are templates that know `event`.',
  },
  scheduleTrigger: {
    schedule:
      'When: a cron expression of five fields, such as `0 7 * * 1-5`. Times that were missed while the service was down are made up for once.',
    timezone: 'Of the IANA list, such as `Europe/Berlin`; `UTC` without it.',
    input: 'The input of the run: any JSON, as it is written; `null` without it.',
    overlap:
      'While the run of an earlier time is still open: leave this time out, start it afterwards, or start it beside; `skip` without it.',
  },
  alerts: {
    costUsd: 'A run that has cost more opens an alert when it ends.',
  },
  limits: {
    costUsd: 'USD; a call is made only if its worst case fits what is left.',
    tokens: 'Tokens of input, cached input and output; `null` lifts the limit.',
    modelCalls: 'Requests sent to vendors, every attempt counted; `null` lifts the limit.',
    timeout: 'Time of work, not of waiting for people or vendors; `null` lifts the limit.',
    vendorWait: "How long a vendor that asks to wait is waited for; only the plan's counts.",
    depth: 'How many steps may stand inside each other, both ends counted.',
    onExceeded: 'End with what there is, or fail the step that carries the limit.',
    allowUnpriced: 'Let models run whose price is not known; on the plan only.',
  },
  agent: {
    model: 'An alias or id, or a list: the first choice, then the fallbacks, in order.',
    select:
      'Which models are asked instead, by conditions with the names that are known at the step: the first that holds decides, and where none does `model`.',
    instructions: 'The system prompt, as it is written: no template.',
    description: 'What the agent is for, to readers of the plan.',
    skills: 'What it is good at, to readers of the plan.',
    maxOutputTokens: 'The output cap of one call.',
    minOutputTokens: 'The lowest that a budget may lower that cap to.',
    temperature: "As the vendor defines it; without it the vendor's own.",
    output: 'JSON Schema of the answer; one that breaks it is asked for again, at most twice.',
    maxContinuations: 'How often an answer that was cut off is continued.',
    timeout: 'Of one request to a vendor, for each attempt anew.',
    retry: 'What is tried again at the vendor, how often, and after which pause.',
    rateLimit:
      'Requests to vendors a minute, of all runs of the plan together: 100 without it; a call beyond waits.',
    circuitBreaker: 'When a vendor that fails again and again is left alone for a while.',
    cache:
      'A call that asks the same of the same model as an earlier one, in any run of the tenant, is given the answer of that one again and costs nothing; without it every call is made.',
  },
  select: {
    when: 'A condition such as `input.document.size > 20000`.',
    model: 'As in `model` of the agent.',
  },
  retry: {
    maxRetries: 'Attempts after the first one.',
    initialDelay: 'The pause before the first retry.',
    multiplier: 'By how much each pause is longer than the one before.',
    maxDelay: "The longest pause; a vendor's `retry-after` is followed even beyond it.",
    retryOn: 'The faults that are tried again.',
  },
  circuitBreaker: {
    failures:
      'Calls in a row whose retries were spent, 3 without it; then calls to this vendor and model wait, or take the next model.',
    cooldown: 'How long it is left alone, `60s` without it; then one call tries it.',
  },
  cache: {
    ttl: 'How old the answer may be, counted from when the vendor gave it.',
  },
  context: {
    mode: 'One of the five.',
    from: 'The ids of the steps whose outputs are shown, and no others.',
    maxTokens:
      'About how much may be shown; more is shown as a summary, and a summary that is more fails the step as `context_too_long`.',
  },
  onFailure: {
    value: 'The output instead: any JSON; the strings in it are templates.',
    cached:
      'Of an agent step: the newest answer to an identical call that such a step or an agent with a `cache` has kept, marked `stale`; one that is older does not count, and where there is none the step fails. `risk` holds it anew.',
    step: 'The step to run instead; its templates know `error`.',
  },
  agentStep: {
    ...step,
    type: 'An agent is asked; the output is its answer, a text or the JSON of its `output`.',
    agent: 'Who is asked.',
    prompt: 'What is asked: a template.',
    context: 'What the agent sees beside the prompt.',
    risk: 'The answer is held as by an approval of this risk, for 72 hours: `low`, `medium`, `high`, or a template that gives one of them.',
  },
  sequenceStep: {
    ...step,
    type: 'One step after another; the output is that of the last one that was not skipped.',
    steps: 'The steps, each after the one before.',
  },
  parallelStep: {
    ...step,
    type: 'Steps side by side; the output is an object or list of theirs in the order written, or that of `reduce`.',
    branches: 'The steps by name; or `forEach` and `step`.',
    forEach: 'The list: a template that gives one, or written out.',
    as: 'What templates call an entry of the list.',
    step: 'What is run for each entry.',
    concurrency:
      'How many branches run at a time. More than 250 are run in groups of 250, one group after the other.',
    branchTimeout: 'Of each branch from its own start, not counting time that it waits for a person.',
    require: 'How many branches must succeed; else the step fails as `require_missed`.',
    cancelRest: 'End the other branches as soon as `require` is met.',
    placeholder: 'What stands for a branch that failed or is late.',
    onLate: "What stands for a branch that is late: the placeholder, or its last finished step's output.",
    reduce: 'A step that makes one output of `branches`, each with name, item, status, output and error.',
  },
  reviewStep: {
    ...step,
    type: 'A reviewer approves a text or names issues, which `revise` mends; the output is the text.',
    reviewer: 'The agent that approves or names issues.',
    prompt: 'What the reviewer is asked: a template; without it, to approve or name each issue.',
    context: 'What the reviewer sees beside its prompt.',
    criteria: 'What the reviewer is to look at: templates.',
    of: 'What is reviewed: a template; without it the previous output.',
    checks: 'What is looked at first: a check that fails is an issue, and the reviewer is not asked.',
    revise: 'The step that makes the next version; it knows `previous` and `issues`.',
    maxRevisions: 'How often the text may be revised.',
    onExhausted:
      'After the last revision: ask a person (for 72 hours), fail, or pass it on marked `not_approved`.',
  },
  approvalStep: {
    ...step,
    type: 'The run waits for a person; the output is what was approved.',
    title: 'What is asked: a template.',
    content: 'What is shown and, once approved, put out: a template; without it the previous output.',
    schema: 'What an edit must fit; without it the `output` schema of the agent that made the content.',
    risk: '`high` waits for a person; `medium` and `low` go on at once, and that is recorded.',
    allow: 'The decisions that may be taken.',
    timeout: 'How long a person is waited for, at most `730d`.',
    onTimeout: 'What follows when nobody decides in time.',
    onReject:
      'A rejection ends the whole run; or gives `null` and the run goes on; or `revise` makes another content, which is asked for anew.',
    revise: 'The step that makes it; it knows `previous` and the `comment`.',
    maxRevisions: 'How often; a further rejection ends the run.',
  },
  setStep: {
    ...step,
    type: 'No model: the output is `value`.',
    value: 'Any JSON; the strings in it are templates.',
  },
} as const;
