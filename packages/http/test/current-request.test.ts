import { testCurrentRequest } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testCurrentRequest(SERVERS)
