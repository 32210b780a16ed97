import { testBrokenOff } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testBrokenOff(SERVERS)
