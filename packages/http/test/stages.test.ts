import { testStages } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testStages(SERVERS)
