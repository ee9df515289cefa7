// Run once in the sandbox of all workflows, before any of them, and frozen after.

// The SDK takes a stack trace of every promise that workflow code makes: see docs/decisions/0017. It
// finds a promise's workflow, and what takes the trace, by code that it has the class of the promise's
// class compile. Here that is a function which knows both pieces, and the trace is empty.
Object.defineProperty(Promise, 'constructor', {
  value: (code: string) => () => (code.endsWith('.Error') ? Untraced : workflowAtWork()),
});

/** An error without a place. */
class Untraced {
  readonly stack = undefined;
}

function workflowAtWork(): unknown {
  return (globalThis as { __TEMPORAL_ACTIVATOR__?: unknown }).__TEMPORAL_ACTIVATOR__;
}
