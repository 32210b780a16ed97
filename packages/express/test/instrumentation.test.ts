import { join } from 'node:path'

import { testBesideInstrumentation } from '@spanwright/http-servers'

testBesideInstrumentation(join(__dirname, 'instrumented-program.ts'), [
  'express-4.17',
  'express4',
  'express-5.0',
  'express',
])
