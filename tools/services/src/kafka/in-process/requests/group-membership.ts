import type { Member } from '../groups/member.ts'
import { joinRefused } from '../groups/member.ts'
import { errorCode } from '../../wire/error-code.ts'
import { Writer } from '../../wire/writer.ts'
import { type Api, firstNode } from './api.ts'

export const findCoordinator: Api = {
  key: 10,
  version: 2,
  handle(_request, { host, ports: [port = 0] }) {
    return new Writer().int32(0).int16(errorCode.none).string(null).int32(firstNode).string(host).int32(port)
  },
}

export const joinGroup: Api = {
  key: 11,
  version: 5,
  async handle(request, state, client) {
    const groupId = request.string()
    const [sessionTimeout, rebalanceTimeout] = [request.int32(), request.int32()]
    const [memberId, instanceId, protocolType] = [
      request.string(),
      request.nullableString(),
      request.string(),
    ]
    const protocols = request.array(one => ({ name: one.string(), metadata: Buffer.from(one.bytes()) }))
    const { clientId, host: clientHost } = client
    const settings = { clientId, clientHost, instanceId, sessionTimeout, rebalanceTimeout, protocols }
    const problem = groupId === '' ? errorCode.invalidGroupId : errorCode.invalidSessionTimeout
    const answer =
      groupId === '' || sessionTimeout <= 0
        ? joinRefused(problem, memberId)
        : await state.groups.getOrCreate(groupId).join(memberId, protocolType, settings)
    const writeMember = (writer: Writer, member: Member): void => {
      writer.string(member.id).string(member.settings.instanceId).bytes(member.metadataFor(answer.protocol))
    }
    return new Writer()
      .int32(0)
      .int16(answer.error)
      .int32(answer.generation)
      .string(answer.protocol)
      .string(answer.leader)
      .string(answer.memberId)
      .array(answer.members, writeMember)
  },
}

export const syncGroup: Api = {
  key: 14,
  version: 3,
  async handle(request, state) {
    const group = state.groups.get(request.string())
    const [generation, memberId] = [request.int32(), request.string()]
    request.nullableString()
    const assignments = new Map(request.array(one => [one.string(), Buffer.from(one.bytes())] as const))
    const { error, assignment } = (await group?.sync(memberId, generation, assignments)) ?? {
      error: errorCode.unknownMemberId,
      assignment: Buffer.alloc(0),
    }
    return new Writer().int32(0).int16(error).bytes(assignment)
  },
}

export const heartbeat: Api = {
  key: 12,
  version: 3,
  handle(request, state) {
    const group = state.groups.get(request.string())
    const [generation, memberId] = [request.int32(), request.string()]
    return new Writer().int32(0).int16(group?.heartbeat(memberId, generation) ?? errorCode.unknownMemberId)
  },
}

export const leaveGroup: Api = {
  key: 13,
  version: 3,
  handle(request, state) {
    const group = state.groups.get(request.string())
    const members = request.array(one => ({ id: one.string(), instanceId: one.nullableString() }))
    return new Writer()
      .int32(0)
      .int16(errorCode.none)
      .array(members, (writer, { id, instanceId }) => {
        const error = group?.leave(id) ?? errorCode.unknownMemberId
        writer.string(id).string(instanceId).int16(error)
      })
  },
}
