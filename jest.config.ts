/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const config: Config = {
  testMatch: ['<rootDir>/{{packages,tools,examples}/*,bench}/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/tools/spans/src/jest-setup.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
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
