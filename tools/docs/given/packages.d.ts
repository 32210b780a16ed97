// Packages that blocks import and the repository doesn't install: what the blocks use of them, as their documentation says.

// Installed by `npm run test:ways`, which runs the block.
declare module '@opentelemetry/sdk-trace-node'

// Installed by `npm run test:applications`, which starts them with the files of the blocks.
declare module '@cap-js/postgres'
declare module '@sap/cds'
declare module 'parse-server'
declare module 'unleash-server'

// Clients of cloud services, large and unused otherwise.
declare module '@aws-sdk/client-s3'
declare module '@aws-sdk/client-sqs'
declare module 'aws-lambda' {
  export interface SQSEvent {
    readonly Records: readonly {
      readonly body: string
      readonly messageAttributes: Readonly<
        Record<string, { readonly dataType: string; readonly stringValue?: string }>
      >
    }[]
  }
}

// Queues that need a server of their own.
interface QueueJob {
  // oxlint-disable-next-line typescript/no-explicit-any -- the data of a job is any JSON
  readonly data: any
}
declare module 'bullmq' {
  export class Queue {
    add(name: string, data: object): Promise<QueueJob>
  }
  export const Worker: new (name: string, work: (job: QueueJob) => Promise<unknown>) => object
}
declare module 'pg-boss' {
  export class PgBoss {
    send(name: string, data: object): Promise<string | null>
    work(name: string, work: (jobs: QueueJob[]) => Promise<unknown>): Promise<string>
  }
}
