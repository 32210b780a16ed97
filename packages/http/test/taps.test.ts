import { testTaps } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testTaps(SERVERS)
