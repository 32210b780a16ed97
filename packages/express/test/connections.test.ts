import { testConnections } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testConnections(FRAMEWORKS)
