// This version of Nest, and the recipe applied to it.
export * as common from '@nestjs/common'
export * as core from '@nestjs/core'
export * as microservices from '@nestjs/microservices'
export * as rxjs from 'rxjs'

export { TracedClientKafka, TracedServerKafka } from './kafka.ts'
