import type { FastifyInstance } from 'fastify';

/**
 * Hands the routes of `scope` each body as it came: `request.body` is a Buffer, or undefined for an empty one, whatever the
 * content type says, also when it says nothing that can be read. What was said is in `request.raw.headersDistinct`.
 */
export function takeRawBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  scope.addHook('onRequest', (request, _, done) => {
    delete request.headers['content-type'];
    done();
  });
}
