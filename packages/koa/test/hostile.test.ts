import { testHostileInput } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testHostileInput(FRAMEWORKS)
