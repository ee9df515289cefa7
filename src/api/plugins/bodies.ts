import { limits } from '../../contract/limits';
import { readJson } from '../read-json';
import type { App } from '../service';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How deep this route's body may be nested, if not `limits.jsonDepthMax`. */
    depthMax?: number;
  }
}

/** A plan's text as it came in as YAML. */
export interface YamlText {
  yaml: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads JSON with our own guards, and nothing else. */
export function installBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      const { depthMax = limits.jsonDepthMax } = request.routeOptions.config;
      done(null, body.length === 0 ? undefined : readJson(body, depthMax));
    } catch (error) {
      done(error as Error);
    }
  });
}
