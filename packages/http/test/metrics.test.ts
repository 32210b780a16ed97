import { testMetrics } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testMetrics(SERVERS)
