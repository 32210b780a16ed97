import { testAdoptedSpans } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testAdoptedSpans(FRAMEWORKS)
