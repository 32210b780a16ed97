import { testAdoptedSpans } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testAdoptedSpans(SERVERS)
