import { testTrust } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testTrust(SERVERS)
