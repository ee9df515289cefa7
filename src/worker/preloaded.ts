// Run once in the sandbox of all workflows, before any of them, and frozen after. The SDK takes a
// stack trace of every promise that workflow code makes, as deep as this says: with the usual ten
// frames that was a good part of what a run costs its worker. Four still name where an error was thrown.
Error.stackTraceLimit = 4;
