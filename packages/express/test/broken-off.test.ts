import { testBrokenOff } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testBrokenOff(FRAMEWORKS)
