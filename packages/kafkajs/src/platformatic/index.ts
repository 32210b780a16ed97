export type {
  PlatformaticIncomingMessage,
  PlatformaticMessage,
  PlatformaticOutgoingMessage,
} from './library.ts'
export { type PlatformaticTracing, tracePlatformaticKafka } from './kafka.ts'
