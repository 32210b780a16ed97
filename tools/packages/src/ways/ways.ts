import type { Step } from './course.ts'
import type { Language } from './sources.ts'

/** A way of use: the files of its project, and the commands that build and run it. */
export interface Way {
  readonly name: string
  readonly type: 'commonjs' | 'module'
  readonly language: Language
  /** Sources by their names in the project. */
  readonly sources: Readonly<Record<string, string>>
  /** Words of an install line, such as `express@5`, that replace the dependencies of every project. */
  readonly installs?: readonly string[]
  /** Major version of Node that installs and runs it. Default: the one of this process. */
  readonly node?: number
  /** Packages in addition to those of every project; versions as in package.json. */
  readonly packages?: Readonly<Record<string, string>>
  /** Further files, as text. */
  readonly files?: Readonly<Record<string, string>>
  /** True: a file that imports every sub-path of the packages is compiled and run as well. */
  readonly hasSubPaths?: boolean
  readonly commands: readonly (readonly string[])[]
  /** Steps of a page that run after the commands, in order. */
  readonly steps?: readonly Step[]
}

const PROGRAM = { 'shop.js': 'shop.ts', 'program.js': 'program.ts' }
const TYPES = {
  '@types/express': '^5.0.0',

  '@types/node': '^20.19.0',
  '@types/pg': '^8.15.0',
}

function typeScript(
  name: string,
  type: Way['type'],
  version: string,
  options: Readonly<Record<string, unknown>>,
): Way {
  const compilerOptions = {
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    esModuleInterop: true,
    skipLibCheck: false,
    types: ['node'],
    rootDir: '.',
    outDir: 'dist',
    ...options,
  }
  return {
    name: `TypeScript ${version}, ${name}`,
    type,
    language: 'typescript',
    sources: { 'shop.ts': 'shop.ts', 'program.ts': 'program.ts' },
    packages: { ...TYPES, typescript: version },
    files: { 'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }) },
    hasSubPaths: true,
    commands: [
      ['tsc', '-p', '.'],
      ['node', 'dist/sub-paths.js'],
      ['node', 'dist/program.js'],
    ],
  }
}

/** Packages of an ES module bundle that are CommonJS call `require`. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

const BUNDLES = ['cjs', 'esm'].flatMap(format => [
  { format, file: `alone/bundle.${format === 'esm' ? 'mjs' : 'cjs'}`, flags: [] },
  { format, file: `alone/minified.${format === 'esm' ? 'mjs' : 'cjs'}`, flags: ['--minify'] },
])

const ESBUILD: Way = {
  name: 'esbuild: CommonJS, ES module, both minified too',
  type: 'module',
  language: 'typescript',
  sources: { 'shop.ts': 'shop.ts', 'program.ts': 'program.ts' },
  packages: { esbuild: '^0.28.0' },
  commands: [
    ...BUNDLES.map(({ format, file, flags }) => [
      'esbuild',
      'program.ts',
      '--bundle',
      '--platform=node',
      '--target=node20',
      '--external:pg-native',
      `--format=${format}`,
      `--outfile=${file}`,
      ...(format === 'esm' ? [`--banner:js=${BANNER}`] : []),
      ...flags,
    ]),
    ...BUNDLES.map(({ file }) => ['node', file]),
  ],
}

const WEBPACK = `module.exports = {
  target: 'node',
  mode: 'production',
  entry: './program.js',
  externals: { 'pg-native': 'commonjs pg-native' },
  ignoreWarnings: [/the request of a dependency is an expression/, /Can't resolve/],
  output: { path: __dirname + '/alone', filename: 'bundle.cjs' },
}
`

/** Every tested way of use. */
export const WAYS: readonly Way[] = [
  {
    name: 'CommonJS',
    type: 'commonjs',
    language: 'commonjs',
    sources: PROGRAM,
    commands: [['node', 'program.js']],
  },
  {
    name: 'ES modules',
    type: 'module',
    language: 'esm',
    sources: PROGRAM,
    commands: [['node', 'program.js']],
  },
  typeScript('node16', 'commonjs', '~5.9.0', { module: 'node16' }),
  typeScript('nodenext', 'module', '~7.0.0', { module: 'nodenext' }),
  typeScript('bundler', 'module', '~7.0.0', { module: 'esnext', moduleResolution: 'bundler' }),
  typeScript('node10', 'commonjs', '~5.9.0', { module: 'commonjs', moduleResolution: 'node10' }),
  {
    name: 'Jest with supertest',
    type: 'commonjs',
    language: 'commonjs',
    sources: { 'shop.js': 'shop.ts', 'shop.test.js': 'shop.jest.ts' },
    packages: { jest: '^30.0.0', supertest: '^7.0.0' },
    commands: [['jest']],
  },
  {
    name: 'Vitest',
    type: 'module',
    language: 'typescript',
    sources: { 'shop.ts': 'shop.ts', 'shop.test.ts': 'shop.vitest.ts' },
    packages: { vitest: '^4.0.0', supertest: '^7.0.0' },
    commands: [['vitest', 'run']],
  },
  {
    name: 'node:test',
    type: 'module',
    language: 'esm',
    sources: { 'shop.js': 'shop.ts', 'shop.test.js': 'shop.node.ts' },
    commands: [['node', '--test', 'shop.test.js']],
  },
  ESBUILD,
  {
    name: 'webpack',
    type: 'module',
    language: 'esm',
    sources: PROGRAM,
    packages: { webpack: '^5.100.0', 'webpack-cli': '^6.0.0' },
    files: { 'webpack.config.cjs': WEBPACK },
    commands: [['webpack'], ['node', 'alone/bundle.cjs']],
  },
]
