import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'

import { credentials, Server } from '@grpc/grpc-js'
import express from 'express'
import Fastify from 'fastify'
import { Kafka } from 'kafkajs'
import { Client, Pool } from 'pg'
import { Agent } from 'undici'

/** What blocks use without declaring it, as a program would have it; their types are in `given/names.d.ts`. */
export const names = {
  express,
  app: express(),
  http,
  http2,
  https,
  handler(
    _request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ): void {
    response.end()
  },
  fastify: Fastify(),
  Agent,
  Pool,
  Client,
  Kafka,
  brokers: ['localhost:9092'],
  Server,
  credentials,
  item: 'lamp',
  order: { id: '7' },
  lookUpPrice: (item: string): Promise<number> => Promise.resolve(item.length),
  pay: (order: unknown): Promise<void> => Promise.resolve(void order),
  ship: (message: unknown): Promise<void> => Promise.resolve(void message),
}
