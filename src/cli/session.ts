import type { Config } from '../config';
import type { Client } from './client';
import type { Connection } from './connection';
import type { Screen } from './screen';

/** What every command works with. */
export interface Session {
  config: Config;
  connection: Connection;
  client: Client;
  screen: Screen;
  /** Data alone, as JSON. */
  json: boolean;
}
