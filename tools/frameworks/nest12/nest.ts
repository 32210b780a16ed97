// This version of Nest, and what the recipe makes of it.
export * as common from '@nestjs/common'
export * as core from '@nestjs/core'
export * as microservices from '@nestjs/microservices'
export * as rxjs from 'rxjs'

export { TracedClientKafka, TracedServerKafka } from './kafka.ts'
