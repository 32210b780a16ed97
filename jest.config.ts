/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

/** @platformatic/kafka needs Node 22.22 or newer, so its tests run on the newer Nodes of .ci/run alone. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const tooNewForThisNode =
  major > 22 || (major === 22 && minor >= 22) ? [] : ['/packages/kafkajs/test/platformatic/']
if (tooNewForThisNode.length > 0) {
  console.warn(`Left out on Node ${process.versions.node}: ${tooNewForThisNode.join()}`)
}

const config: Config = {
  testMatch: ['<rootDir>/{packages,tools,examples}/*/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/tools/spans/src/jest-setup.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...tooNewForThisNode],
  modulePathIgnorePatterns: ['/dist/'],
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
