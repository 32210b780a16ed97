import { Client } from '../client.ts'
import { PlatformaticCluster } from './cluster.ts'
import { headersOf } from './headers.ts'
import type { Consumer, Producer } from './library.ts'

const clients = new WeakMap<object, Client>()

/** What is known of a producer. */
export function clientOfProducer(producer: Producer): Client {
  return known(
    producer,
    () => new Client(new PlatformaticCluster(producer), producer.clientId, undefined, headersOf(producer)),
  )
}

/** What is known of a consumer. */
export function clientOfConsumer(consumer: Consumer): Client {
  return known(
    consumer,
    () => new Client(new PlatformaticCluster(consumer), consumer.clientId, consumer.groupId),
  )
}

function known(owner: object, make: () => Client): Client {
  let client = clients.get(owner)
  if (!client) clients.set(owner, (client = make()))
  return client
}
