import { errorCode } from '../../wire/error-code.ts'
import { responseFrame } from '../../wire/frames.ts'
import { MalformedRequest, Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api, BrokerState } from './api.ts'
import { fetch } from './fetch.ts'
import { findCoordinator, heartbeat, joinGroup, leaveGroup, syncGroup } from './group-membership.ts'
import { deleteGroups, describeGroups, listGroups, offsetCommit, offsetFetch } from './group-offsets.ts'
import { listOffsets } from './list-offsets.ts'
import { metadata } from './metadata.ts'
import { produce } from './produce.ts'
import { createTopics, deleteTopics, describeConfigs } from './topics.ts'
import {
  addOffsetsToTransaction,
  addPartitionsToTransaction,
  commitOffsetsInTransaction,
  endTransaction,
  initProducerId,
} from './transactions.ts'

const apiVersions: Api = { key: 18, version: 2, handle: () => writeVersions(errorCode.none).int32(0) }

/** The request that clients send before they know the supported versions; these two have the same format. */
const spokenVersionsOfVersions = new Set([1, 2])

const apis = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  addPartitionsToTransaction,
  addOffsetsToTransaction,
  endTransaction,
  commitOffsetsInTransaction,
  describeConfigs,
  deleteGroups,
]
const apiByKey = new Map(apis.map(api => [api.key, api]))

function writeVersions(error: number): Writer {
  return new Writer().int16(error).array(apis, (writer, { key, version }) => {
    writer.int16(key).int16(version).int16(version)
  })
}

/** Responds to one frame. @throws for an unsupported request, except for one that queries the supported versions */
export async function answer(
  frame: Buffer,
  state: BrokerState,
  connection: { host: string; nodeId: number; gone: AbortSignal },
): Promise<Buffer | undefined> {
  const request = new Reader(frame)
  const [key, version, correlationId] = [request.int16(), request.int16(), request.int32()]
  const api = apiByKey.get(key)
  if (api === apiVersions && !spokenVersionsOfVersions.has(version)) {
    return responseFrame(correlationId, writeVersions(errorCode.unsupportedVersion))
  }
  if (api === undefined || (api.version !== version && api !== apiVersions))
    throw new MalformedRequest(`API ${key} version ${version} is not spoken here`)
  const clientId = request.nullableString() ?? ''
  const body = await api.handle(request, state, { ...connection, clientId })
  return body === undefined ? undefined : responseFrame(correlationId, body)
}
