import { ClientKafka, ServerKafka } from '@nestjs/microservices'
import { traceKafka } from '@spanwright/kafkajs'
import type { Kafka } from 'kafkajs'

export class TracedServerKafka extends ServerKafka {
  override createClient<T>(): T {
    return traceKafka(super.createClient<Kafka>()) as T
  }
}

export class TracedClientKafka extends ClientKafka {
  override createClient<T>(): T {
    return traceKafka(super.createClient<Kafka>()) as T
  }
}
