import type { Protocol } from './protocol.ts'

/** The settings that a member sends when it joins. */
export interface MemberSettings {
  clientId: string
  clientHost: string
  instanceId: string | null
  /** Milliseconds. */
  sessionTimeout: number
  /** Milliseconds. */
  rebalanceTimeout: number
  protocols: Protocol[]
}

/** The response to a member when the group is complete, or the error. */
export interface JoinAnswer {
  error: number
  generation: number
  protocol: string
  leader: string
  memberId: string
  members: readonly Member[]
}

/** The partitions of a member, as encoded by its leader, or the error. */
export interface SyncAnswer {
  error: number
  assignment: Buffer
}

/** A consumer in a group. */
export class Member {
  readonly id: string
  settings: MemberSettings
  assignment: Buffer = Buffer.alloc(0)
  #onExpired: () => void
  #session: NodeJS.Timeout | undefined
  #join: ((answer: JoinAnswer) => void) | undefined
  #sync: ((answer: SyncAnswer) => void) | undefined

  constructor(id: string, settings: MemberSettings, onExpired: () => void) {
    this.id = id
    this.settings = settings
    this.#onExpired = onExpired
  }

  get isJoining(): boolean {
    return this.#join !== undefined
  }

  /** Restarts the session, which cannot expire while the member waits for a response. */
  seen(): void {
    clearTimeout(this.#session)
    this.#session = setTimeout(() => {
      if (this.#join !== undefined || this.#sync !== undefined) this.seen()
      else this.#onExpired()
    }, this.settings.sessionTimeout).unref()
  }

  awaitJoin(): Promise<JoinAnswer> {
    this.seen()
    return new Promise(resolve => {
      this.#join = resolve
    })
  }

  awaitSync(): Promise<SyncAnswer> {
    this.seen()
    return new Promise(resolve => {
      this.#sync = resolve
    })
  }

  answerJoin(answer: JoinAnswer): void {
    if (this.#join === undefined) return
    this.#join(answer)
    this.#join = undefined
    this.seen()
  }

  answerSync(answer: SyncAnswer): void {
    if (this.#sync === undefined) return
    this.#sync(answer)
    this.#sync = undefined
    this.seen()
  }

  metadataFor(protocol: string): Buffer {
    return this.settings.protocols.find(one => one.name === protocol)?.metadata ?? Buffer.alloc(0)
  }

  /** Responds to open requests and stops the session. */
  end(error: number): void {
    this.answerJoin(joinRefused(error, this.id))
    this.answerSync({ error, assignment: Buffer.alloc(0) })
    clearTimeout(this.#session)
  }
}

/** The response to a member that cannot join. */
export function joinRefused(error: number, memberId: string): JoinAnswer {
  return { error, generation: -1, protocol: '', leader: '', memberId, members: [] }
}
