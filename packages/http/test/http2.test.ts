import { testHttp2 } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testHttp2(SERVERS)
