/** @jest-config-loader esbuild-register */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from 'jest'

/** Tests beside an install of their own, which `npm run test:orms`, `test:middleware` and so on make. */
const ownInstalls = [
  'packages/pg/test/orms',
  'packages/kafkajs/test/platformatic',
  'packages/sdk/test/beside',
  'packages/viewer/test/browser',
  'tools/frameworks',
  'tools/middleware',
]
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewer = major > 22 || (major === 22 && minor >= 22)
/** Applications are processes that take seconds to start, so they only run when they are asked for. */
const areAskedFor = process.argv.slice(2).some(argument => argument.includes('tools/applications'))
const isWithoutInstalls = process.env['OWN_INSTALLS'] === 'none'
const leftOut = ownInstalls.filter(
  folder =>
    isWithoutInstalls ||
    !existsSync(join(__dirname, folder, 'node_modules')) ||
    (folder.endsWith('platformatic') && !isNewer),
)

/** Tests of what `npm run test:native` builds. */
const native = process.env['SPANWRIGHT_NATIVE'] ? [] : ['/test/native/']
if (!areAskedFor) leftOut.push('tools/applications')
/** What takes long: `npm run test:sweeps`. */
if (process.env['SWEEPS'] !== 'all') leftOut.push('packages/sdk/test/under-load.test.ts')
console.warn(`Left out here, see CONTRIBUTING.md: ${leftOut.join(', ') || 'nothing'}`)

/** Some of the tests of a file show some of its spans, which must not replace what all of them have shown. */
const isFiltered = process.argv.some(argument => /^(?:-t$|-t=|--testNamePattern)/.test(argument))

const config: Config = {
  // Jest would leave a core to itself, which is half of a small machine.
  maxWorkers: '100%',
  // Longest time of a test on a busy machine, in milliseconds; a test that needs more says so.
  testTimeout: 30_000,
  testMatch: ['<rootDir>/{packages,tools,examples}/*/test/**/*.test.ts'],
  globals: { spansAreRecorded: !isFiltered },
  setupFilesAfterEnv: ['<rootDir>/tools/spans/src/jest-setup.ts', '<rootDir>/tools/fuzz/src/same-cases.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...native, ...leftOut.map(path => `/${path}`)],
  modulePathIgnorePatterns: ['/dist/', '/tools/applications/[^/]+/node_modules/'],
  // ES modules alone, which Jest cannot require.
  transformIgnorePatterns: ['/node_modules/(?!@platformatic/)'],
  transform: {
    '/node_modules/@platformatic/.+\\.js$': [
      '@swc/jest',
      { jsc: { target: 'es2022' }, module: { type: 'commonjs' } },
    ],
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  testEnvironment: 'node',
  testEnvironmentOptions: {
    customExportConditions: ['@spanwright/source', 'node', 'require', 'default'],
  },
}

export default config
