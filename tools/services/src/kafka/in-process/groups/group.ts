import { randomUUID } from 'node:crypto'
import { errorCode } from '../../wire/error-code.ts'
import { joinRefused, Member, type JoinAnswer, type MemberSettings, type SyncAnswer } from './member.ts'
import { CommittedOffsets } from './offsets.ts'
import { elect, isSame, isShared, type Protocol } from './protocol.ts'

/** The state of a group in its cycle of joining, assigning and working. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

const nothing = Buffer.alloc(0)

/** A consumer group: its members, its generation, and the partitions of each member. */
export class Group {
  readonly id: string
  readonly offsets: CommittedOffsets = new CommittedOffsets()
  state: GroupState = 'Empty'
  protocolType = ''
  protocol = ''
  #generation = 0
  #leader = ''
  #members = new Map<string, Member>()
  /** Members that received an id and have not joined with it yet. */
  #expected = new Map<string, NodeJS.Timeout>()
  #rebalance: NodeJS.Timeout | undefined

  constructor(id: string) {
    this.id = id
  }

  get members(): Member[] {
    return [...this.#members.values()]
  }

  get #protocols(): Protocol[][] {
    return this.members.map(member => member.settings.protocols)
  }

  /** Resolves once every member has joined, or the missing ones were removed. */
  async join(memberId: string, protocolType: string, settings: MemberSettings): Promise<JoinAnswer> {
    if (!this.#accepts(protocolType, settings.protocols)) {
      return joinRefused(errorCode.inconsistentGroupProtocol, memberId)
    }
    if (memberId === '') return this.#giveId(settings)
    const known = this.#members.get(memberId)
    if (known === undefined && !this.#expected.has(memberId)) {
      return joinRefused(errorCode.unknownMemberId, memberId)
    }
    if (known !== undefined && !this.#needsRebalance(known, settings.protocols)) {
      known.seen()
      return this.#joined(known)
    }
    const member = known ?? new Member(memberId, settings, () => this.leave(memberId))
    this.#forget(memberId)
    this.protocolType = protocolType
    member.settings = settings
    member.answerJoin(joinRefused(errorCode.rebalanceInProgress, memberId))
    this.#members.set(memberId, member)
    const answer = member.awaitJoin()
    this.#prepareRebalance()
    return answer
  }

  /** Resolves once the leader has sent the assignment. */
  async sync(
    memberId: string,
    generation: number,
    assignments: ReadonlyMap<string, Buffer>,
  ): Promise<SyncAnswer> {
    const member = this.#members.get(memberId)
    const error = this.check(memberId, generation)
    if (member === undefined || error !== errorCode.none) return { error, assignment: nothing }
    if (this.state === 'PreparingRebalance') {
      return { error: errorCode.rebalanceInProgress, assignment: nothing }
    }
    if (this.state === 'Stable') return { error, assignment: member.assignment }
    const answer = member.awaitSync()
    if (memberId === this.#leader) this.#assign(assignments)
    return answer
  }

  heartbeat(memberId: string, generation: number): number {
    const error = this.check(memberId, generation)
    if (error !== errorCode.none) return error
    this.#members.get(memberId)?.seen()
    return this.state === 'PreparingRebalance' ? errorCode.rebalanceInProgress : errorCode.none
  }

  /** Removes a member that leaves or whose session expired. */
  leave(memberId: string): number {
    const member = this.#members.get(memberId)
    if (member === undefined && !this.#expected.has(memberId)) return errorCode.unknownMemberId
    this.#forget(memberId)
    this.#members.delete(memberId)
    member?.end(errorCode.unknownMemberId)
    if (member !== undefined) this.#prepareRebalance()
    else if (this.state === 'PreparingRebalance') this.#completeWhenAllJoined()
    return errorCode.none
  }

  /** Whether a request comes from a member of the current generation. */
  check(memberId: string, generation: number): number {
    if (!this.#members.has(memberId)) return errorCode.unknownMemberId
    return generation === this.#generation ? errorCode.none : errorCode.illegalGeneration
  }

  /** Whether a member, or any client while the group is empty, may commit offsets. */
  checkCommit(memberId: string, generation: number): number {
    if (generation < 0 && this.state === 'Empty') return errorCode.none
    const error = this.check(memberId, generation)
    if (error !== errorCode.none) return error
    this.#members.get(memberId)?.seen()
    return this.state === 'CompletingRebalance' ? errorCode.rebalanceInProgress : errorCode.none
  }

  /** Removes all members, as a broker that shuts down does; offsets are kept. */
  disband(): void {
    clearTimeout(this.#rebalance)
    for (const memberId of this.#expected.keys()) this.#forget(memberId)
    for (const member of this.#members.values()) member.end(errorCode.unknownMemberId)
    this.#members.clear()
    this.state = 'Empty'
  }

  #accepts(protocolType: string, protocols: Protocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.#members.size === 0) return true
    return protocolType === this.protocolType && isShared(protocols, this.#protocols)
  }

  #giveId(settings: MemberSettings): JoinAnswer {
    const memberId = `${settings.clientId}-${randomUUID()}`
    const givenUp = (): void => {
      this.leave(memberId)
    }
    this.#expected.set(memberId, setTimeout(givenUp, settings.sessionTimeout).unref())
    return joinRefused(errorCode.memberIdRequired, memberId)
  }

  #forget(memberId: string): void {
    clearTimeout(this.#expected.get(memberId))
    this.#expected.delete(memberId)
  }

  /** A follower that joins again unchanged only missed the response. */
  #needsRebalance(member: Member, protocols: Protocol[]): boolean {
    if (this.state === 'PreparingRebalance') return true
    if (this.state === 'Stable' && member.id === this.#leader) return true
    return !isSame(protocols, member.settings.protocols)
  }

  #prepareRebalance(): void {
    for (const member of this.#members.values()) {
      member.answerSync({ error: errorCode.rebalanceInProgress, assignment: nothing })
    }
    if (this.state !== 'PreparingRebalance') {
      this.state = 'PreparingRebalance'
      const patience = Math.max(0, ...this.members.map(member => member.settings.rebalanceTimeout))
      this.#rebalance = setTimeout(() => this.#giveUpMissing(), patience).unref()
    }
    this.#completeWhenAllJoined()
  }

  #completeWhenAllJoined(): void {
    if (this.#expected.size === 0 && this.members.every(member => member.isJoining)) this.#complete()
  }

  #giveUpMissing(): void {
    for (const memberId of this.#expected.keys()) this.#forget(memberId)
    for (const member of this.members) {
      if (member.isJoining) continue
      this.#members.delete(member.id)
      member.end(errorCode.unknownMemberId)
    }
    this.#complete()
  }

  #complete(): void {
    clearTimeout(this.#rebalance)
    this.#generation++
    const [first] = this.#members.keys()
    this.state = first === undefined ? 'Empty' : 'CompletingRebalance'
    if (first !== undefined && !this.#members.has(this.#leader)) this.#leader = first
    this.protocol = elect(this.#protocols)
    for (const member of this.#members.values()) {
      member.assignment = nothing
      member.answerJoin(this.#joined(member))
    }
  }

  #joined(member: Member): JoinAnswer {
    return {
      error: errorCode.none,
      generation: this.#generation,
      protocol: this.protocol,
      leader: this.#leader,
      memberId: member.id,
      members: member.id === this.#leader ? this.members : [],
    }
  }

  #assign(assignments: ReadonlyMap<string, Buffer>): void {
    this.state = 'Stable'
    for (const member of this.#members.values()) {
      member.assignment = assignments.get(member.id) ?? nothing
      member.answerSync({ error: errorCode.none, assignment: member.assignment })
    }
  }
}
