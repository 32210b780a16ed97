import { testEverything, TRANSPORTS } from '@spanwright/http-servers'

import { CONNECT } from './servers.ts'

testEverything(CONNECT, TRANSPORTS.slice(0, 1))
