// Names that blocks use without declaring them, as a program would have them. A block may declare a name as something else.

declare const express: typeof import('express')
declare const app: import('express').Express
declare const http: typeof import('node:http')
declare const http2: typeof import('node:http2')
declare const https: typeof import('node:https')
declare function handler(
  request: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest,
  response: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse,
): void
declare const fastify: import('fastify').FastifyInstance

declare const Agent: typeof import('undici').Agent
declare const Pool: typeof import('pg').Pool
declare const Client: typeof import('pg').Client
declare const Kafka: typeof import('kafkajs').Kafka
declare type Kafka = import('kafkajs').Kafka
declare const brokers: string[]
declare const Server: typeof import('@grpc/grpc-js').Server
declare const credentials: typeof import('@grpc/grpc-js').credentials

/** What a shop does. */
declare const item: string
declare const order: { readonly id: string }
declare function lookUpPrice(item: string): Promise<number>
declare function pay(order: unknown): Promise<void>
declare function ship(message: unknown): Promise<void>
