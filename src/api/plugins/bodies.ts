import { limits } from '../../contract/limits';
import { YamlText } from '../plans/sent-plan';
import { ProblemError } from '../problem';
import { readJson } from '../read-json';
import type { App } from '../service';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How deep this route's body may be nested, if not `limits.jsonDepthMax`. */
    depthMax?: number;
  }
}

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

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads YAML beside JSON, in the routes of one plugin: those that take plans as a whole body. */
export function installYamlBodies(app: App): void {
  const types = ['application/yaml', 'application/x-yaml', 'text/yaml'];
  app.addContentTypeParser(types, { parseAs: 'buffer' }, (_, body: Buffer, done) => {
    try {
      done(null, new YamlText(utf8.decode(body)));
    } catch {
      done(new ProblemError('malformed_yaml', 'The body is not UTF-8.'));
    }
  });
}
