import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { SettingError } from '../config';

/** Throws `SettingError`, naming the setting, when somebody listens there already. 0 is always free. */
export async function demandFreePort(setting: string, host: string, port: number): Promise<void> {
  try {
    await tryPort(host, port);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE')
      throw new SettingError(`${setting}=${String(port)}: the port is in use; set ${setting} to another.`);
    if (code === 'EACCES')
      throw new SettingError(`${setting}=${String(port)}: this user may not listen on that port.`);
    throw new SettingError(`HOST="${host}": ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** The port itself, or for 0 one that is free now. */
export async function choosePort(port: number): Promise<number> {
  return port === 0 ? await tryPort('127.0.0.1', 0) : port;
}

async function tryPort(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const chosen = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return chosen;
}
