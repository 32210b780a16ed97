import { testCurrentRequest } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testCurrentRequest(FRAMEWORKS)
