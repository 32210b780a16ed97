import { testEndings } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

testEndings(SERVERS)
