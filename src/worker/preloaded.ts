// Run once in the sandbox of all workflows, before any of them, and frozen after. The SDK takes a
// stack trace of every promise that workflow code makes, as deep as this says, and looks each frame of
// the bundle up in its source map: with the usual ten frames that was two fifths of what a run costs
// its worker. Two still name where an error was thrown and by whom; a replay of the history shows all.
Error.stackTraceLimit = 2;
