import { testEndings } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testEndings(FRAMEWORKS)
