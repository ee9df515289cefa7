/** Where the `temporal` command is looked for, and how it is got. */
export interface CliSearch {
  /** The setting TEMPORAL_CLI_PATH: where given, nothing else is looked at. */
  configured: string | undefined;
  /** Folders as in PATH. */
  searchPath: string;
  /** Where a copy that had to be got is kept, outside of the clone. */
  cacheFolder: string;
  /** Where the official builds are. */
  downloadUrl?: string;
  say(line: string): void;
  /** Ends a build that is under way. */
  signal: AbortSignal;
}
