/** Versions of one library, and the program that traces it. */
export interface Row {
  /** Name in the table. */
  readonly name: string
  /** File in `programs`, without `.mjs`. */
  readonly program: string
  /** The packages of this project that the program uses, in addition to `core`. */
  readonly uses: readonly string[]
  /** Installed packages by version of the library; oldest first. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The oldest version of Node for a version of the library, if newer than 20. */
  readonly oldestNode?: Readonly<Record<string, number>>
}

export const NODES = [20, 22, 24, 26] as const

/** The newest version of a library is that of the range that this repository tests. */
export const ROWS: readonly Row[] = [
  {
    name: 'Express',
    program: 'express',
    uses: ['express', 'testing'],
    versions: versionsOf('express', ['4.17', '4.22', '5.0', '5.2', '5.3']),
  },
  {
    name: 'Koa, @koa/router',
    program: 'koa',
    uses: ['koa', 'testing'],
    versions: {
      '2.7, 8': { koa: '~2.7.0', '@koa/router': '^8.0.0' },
      '2.16, 12': { koa: '~2.16.0', '@koa/router': '^12.0.0' },
      '3, 15': { koa: '^3.0.0', '@koa/router': '^15.0.0' },
    },
  },
  {
    name: 'undici',
    program: 'undici',
    uses: ['undici', 'testing'],
    versions: { 6: { undici: '^6.7.0' }, 7: { undici: '^7.0.0' }, 8: { undici: '^8.0.0' } },
    oldestNode: { 8: 22 },
  },
  { name: 'fetch of Node', program: 'fetch', uses: ['undici', 'testing'], versions: { '': {} } },
  { name: 'node:http', program: 'http', uses: ['http', 'testing'], versions: { '': {} } },
  {
    name: 'pg',
    program: 'pg',
    uses: ['pg', 'testing'],
    versions: versionsOf('pg', ['8.0', '8.7', '8.11', '8.16', '8.20', '8.23']),
  },
  {
    name: 'kafkajs',
    program: 'kafkajs',
    uses: ['kafkajs', 'testing'],
    versions: versionsOf('kafkajs', ['2.0', '2.2']),
  },
  {
    name: '@platformatic/kafka',
    program: 'platformatic',
    uses: ['kafkajs', 'testing'],
    versions: { 2: { '@platformatic/kafka': '^2.0.0' } },
    oldestNode: { 2: 22 },
  },
  {
    name: '@grpc/grpc-js',
    program: 'grpc',
    uses: ['grpc', 'testing'],
    versions: { '1.10': { '@grpc/grpc-js': '~1.10.0' }, '1.14': { '@grpc/grpc-js': '^1.14.0' } },
  },
  {
    name: '@opentelemetry/api',
    program: 'sdk',
    uses: ['sdk'],
    versions: { '1.9': { '@opentelemetry/api': '~1.9.0' }, '1.10': { '@opentelemetry/api': '~1.10.0' } },
  },
]

function versionsOf(library: string, versions: readonly string[]): Row['versions'] {
  return Object.fromEntries(versions.map(version => [version, { [library]: `~${version}.0` }]))
}
