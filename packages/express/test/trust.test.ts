import { testTrust } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testTrust(FRAMEWORKS)
