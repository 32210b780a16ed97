import { testTaps } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testTaps(FRAMEWORKS)
