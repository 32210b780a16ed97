import type { NestApplicationOptions, NestInterceptor } from '@nestjs/common'
import { traceNest } from '@spanwright/express/nest'

// Fits the types of this version.
export const interceptor: NestInterceptor = traceNest()
export const options: NestApplicationOptions = { instrument: traceNest() }
