import { Metadata } from '@grpc/grpc-js'

import { connectTo, type UsersClient } from './measured/grpc.ts'
import type { SdkState } from './measured/protocol.ts'

const CALLERS = 16

/** Calls of a gRPC server over one connection, several under way at a time. */
export class GrpcLoad {
  private readonly client: UsersClient
  private readonly metadata = new Metadata()

  private constructor(port: number, state: SdkState) {
    this.client = connectTo(`127.0.0.1:${port}`)
    const sampled = state === 'unsampled' ? '00' : '01'
    this.metadata.set('traceparent', `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${sampled}`)
  }

  /** Calls belong to a trace that is sampled when the server's own would be. */
  static async connect(port: number, state: SdkState): Promise<GrpcLoad> {
    return new GrpcLoad(port, state)
  }

  /**
   * Makes calls for some seconds, and waits until the last of them is answered.
   * @returns how many were answered
   */
  async run(seconds: number): Promise<number> {
    const until = performance.now() + seconds * 1000
    return this.runWhile(() => performance.now() < until)
  }

  /** Makes a number of calls, and waits until the last of them is answered. */
  async send(count: number): Promise<void> {
    let left = count - CALLERS
    await this.runWhile(() => left-- > 0)
  }

  close(): void {
    this.client.close()
  }

  private async runWhile(goesOn: () => boolean): Promise<number> {
    let answered = 0
    const call = async (): Promise<void> => {
      do {
        await this.find()
        answered++
      } while (goesOn())
    }
    await Promise.all(Array.from({ length: CALLERS }, call))
    return answered
  }

  private find(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.client.find({ id: '42', name: '' }, this.metadata, error => (error ? reject(error) : resolve()))
    })
  }
}
