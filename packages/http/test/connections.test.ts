import { testConnections } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testConnections(SERVERS)
