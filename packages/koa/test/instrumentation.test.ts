import { join } from 'node:path'

import { testBesideInstrumentation } from '@spanwright/http-servers'

testBesideInstrumentation(join(__dirname, 'instrumented-program.ts'), ['koa-2.7', 'koa2', 'koa'])
