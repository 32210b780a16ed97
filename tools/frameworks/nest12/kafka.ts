import { ClientKafka, ServerKafka } from '@nestjs/microservices'
import { traceKafka } from '@spanwright/kafkajs'
import type { Kafka } from 'kafkajs'

export class TracedServerKafka extends ServerKafka {
  override async createClient<T>(): Promise<T> {
    return traceKafka(await super.createClient<Kafka>()) as T
  }
}

export class TracedClientKafka extends ClientKafka {
  override async createClient<T>(): Promise<T> {
    return traceKafka(await super.createClient<Kafka>()) as T
  }
}
