import { testHostileInput } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testHostileInput(SERVERS)
