import { testMetrics } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testMetrics(FRAMEWORKS)
