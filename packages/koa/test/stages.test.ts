import { testStages } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testStages(FRAMEWORKS)
