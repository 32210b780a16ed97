/** How the tests of a library are run. */
export interface Library {
  /** File of `src/preload` that traces. */
  readonly preload: string
  /** The runner of the tests, which determines the form of the report. */
  readonly runner: 'mocha' | 'node' | 'ava' | 'jest' | 'script'
  /** Arguments of the runner, in addition to those for the report. */
  readonly args?: readonly string[]
  /** Paths of the test files, for a runner that needs them as arguments. */
  readonly files?: RegExp
  /** Flags of Node. */
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folder of the package within the checkout. Default: the checkout itself. */
  readonly folder?: string
  readonly needs?: 'postgres' | 'kafka'
  /** Tests, or beginnings of their names, that cannot pass with any tracing, and why. */
  readonly inherent?: Readonly<Record<string, string>>
}

export const LIBRARIES: Readonly<Record<string, Library>> = {
  axios: {
    preload: 'clients',
    runner: 'mocha',
    args: ['test/unit/**/*.js', '--timeout', '30000', '--exit'],
  },
  got: {
    preload: 'clients',
    runner: 'ava',
    nodeOptions: ['--import=tsx/esm'],
    inherent: {
      'create › preserves global defaults': 'compares all headers of two requests, traceparent among them',
    },
  },
  undici: {
    preload: 'clients',
    runner: 'node',
    // Two files are left out, whose processes run for minutes on two cores: one sends 10,000 requests over HTTP/2.
    files:
      /^test\/(?!issue-4880|fetch\/long-lived-abort)(?:[^/]+|(?:interceptors|node-fetch|fetch|cookie|websocket)\/[^/]+)\.js$/,
    nodeOptions: ['--expose-gc'],
    inherent: Object.fromEntries(
      [
        'http2-pseudo-headers',
        'interceptors/redirect',
        'proxy-agent',
        'redirect-request',
        'redirect-stream',
      ].map(name => [
        `test/${name}.js`,
        'compares all headers that the server received, traceparent among them',
      ]),
    ),
  },
  fastify: { preload: 'servers', runner: 'node', files: /^test\/.*\.test\.m?js$/ },
  express: {
    preload: 'express',
    runner: 'mocha',
    args: ['--require', 'test/support/env', '--check-leaks', 'test/', 'test/acceptance/'],
    env: { NODE_ENV: 'test', NO_DEPRECATION: 'body-parser,express' },
  },
  koa: {
    preload: 'koa',
    runner: 'node',
    files: /^__tests__\/.*\.test\.js$/,
    inherent: Object.fromEntries(
      ['  should work with configurable compose', 'app.compose'].map(name => [
        `__tests__/application/compose.test.js › ${name}`,
        'counts the middleware',
      ]),
    ),
  },
  '@koa/router': {
    preload: 'koa',
    runner: 'node',
    args: ['--require', 'ts-node/register'],
    files: /^test\/.*\.test\.ts$/,
    env: { TS_NODE_PROJECT: 'tsconfig.ts-node.json' },
  },
  pg: {
    preload: 'pg',
    runner: 'script',
    folder: 'packages/pg',
    files: /^test\/(?:unit|integration)\/.*-tests?\.js$/,
    needs: 'postgres',
  },
  kafkajs: {
    preload: 'kafkajs',
    runner: 'jest',
    // One broker without TLS, SASL and scripts of Kafka.
    args: ['--testPathPattern', 'src/(?:producer|consumer)/'],
    env: { KAFKA_VERSION: '2.4', NODE_ENV: 'test' },
    needs: 'kafka',
    inherent: Object.fromEntries(
      ['messages', 'GZIP messages'].map(what => [
        `Consumer consume ${what} with 0.11 format`,
        'compares all headers that were received, traceparent among them',
      ]),
    ),
  },
  'grpc-js': {
    preload: 'grpc',
    runner: 'mocha',
    folder: 'packages/grpc-js',
    args: [
      'build/test/test-*.js',
      // They need protocol files of a submodule.
      ...['orca', 'weighted-round-robin'].map(name => `--ignore=build/test/test-${name}.js`),
      '--timeout',
      '30000',
      '--exit',
    ],
    env: { GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION: 'true' },
  },
}
