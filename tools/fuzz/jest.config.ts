/** @jest-config-loader esbuild-register */
import { join } from 'node:path'

import config from '../../jest.config.ts'

const OWN = join(__dirname, 'src')

export default {
  ...config,
  rootDir: join(__dirname, '..', '..'),
  // The results of a fuzz run differ from those of `npm test`.
  globals: { spansAreRecorded: false },
  testEnvironment: join(OWN, 'patient-environment.ts'),
  setupFilesAfterEnv: [...(config.setupFilesAfterEnv ?? []), join(OWN, 'jest-setup.ts')],
}
