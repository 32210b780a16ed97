import { testHeaders } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testHeaders(SERVERS)
