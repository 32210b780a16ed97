/** @jest-config-loader esbuild-register */
import { join } from 'node:path'

import config from '../../jest.config.ts'

const OWN = join(__dirname, 'src')

export default {
  ...config,
  rootDir: join(__dirname, '..', '..'),
  // What a fuzz run shows is not what `npm test` shows.
  globals: { spansAreRecorded: false },
  testEnvironment: join(OWN, 'patient-environment.ts'),
  setupFilesAfterEnv: [...(config.setupFilesAfterEnv ?? []), join(OWN, 'jest-setup.ts')],
}
