// Names that blocks use without declaring them. A block may declare a name as something else.

type Names = (typeof import('../src/code/names.ts'))['names']

declare const express: Names['express']
declare const app: Names['app']
declare const http: Names['http']
declare const http2: Names['http2']
declare const https: Names['https']
declare const handler: Names['handler']
declare const fastify: Names['fastify']

declare const Agent: Names['Agent']
declare const Pool: Names['Pool']
declare const Client: Names['Client']
declare const Kafka: Names['Kafka']
declare type Kafka = InstanceType<Names['Kafka']>
declare const brokers: Names['brokers']
declare const Server: Names['Server']
declare const credentials: Names['credentials']

declare const item: Names['item']
declare const order: Names['order']
declare const lookUpPrice: Names['lookUpPrice']
declare const pay: Names['pay']
declare const ship: Names['ship']
