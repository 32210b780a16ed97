import { gunzipSync } from 'node:zlib'
import { crc32c } from '../../wire/crc32c.ts'
import { MalformedRequest, Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'

/** A record batch (magic 2): its header decoded, its records unchanged, possibly compressed. */
export interface RecordBatch {
  bytes: Buffer
  magic: number
  intact: boolean
  compression: number
  isTransactional: boolean
  isControl: boolean
  lastOffsetDelta: number
  firstTimestamp: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  firstSequence: number
}

const lengthBeforeChecksum = 21
const lengthOfHeader = 61
const transactionalFlag = 0x10
const controlFlag = 0x20

/** Splits the data that a producer sent for one partition into batches. */
export function readBatches(records: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = []
  for (let offset = 0; offset < records.length;) {
    if (records.length - offset < lengthOfHeader) throw new MalformedRequest('A record batch is cut off')
    const end = offset + 12 + records.readInt32BE(offset + 8)
    if (end < offset + lengthOfHeader || end > records.length) {
      throw new MalformedRequest('A record batch does not have the length it says')
    }
    // A copy: the log keeps it and writes its offset into it.
    batches.push(readBatch(Buffer.from(records.subarray(offset, end))))
    offset = end
  }
  return batches
}

function readBatch(bytes: Buffer): RecordBatch {
  const header = new Reader(bytes.subarray(lengthBeforeChecksum))
  const attributes = header.int16()
  return {
    bytes,
    magic: bytes.readInt8(16),
    intact: bytes.readUInt32BE(17) === crc32c(bytes.subarray(lengthBeforeChecksum)),
    compression: attributes & 0x7,
    isTransactional: (attributes & transactionalFlag) !== 0,
    isControl: (attributes & controlFlag) !== 0,
    lastOffsetDelta: header.int32(),
    firstTimestamp: header.int64(),
    maxTimestamp: header.int64(),
    producerId: header.int64(),
    producerEpoch: header.int16(),
    firstSequence: header.int32(),
  }
}

/** The control batch that ends a producer's transaction in a partition. */
export function transactionMarker(
  producerId: number,
  producerEpoch: number,
  committed: boolean,
): RecordBatch {
  const key = new Writer().int16(0).int16(committed ? 1 : 0)
  const value = new Writer().int16(0).int32(0)
  // Attributes, the two deltas, then key and value after their lengths (4 and 6) and no headers, as zigzag varints.
  const record = new Writer()
    .raw(Buffer.from([0, 0, 0, 8]))
    .raw(key.toBuffer())
    .raw(Buffer.from([12]))
    .raw(value.toBuffer())
    .raw(Buffer.from([0]))
    .toBuffer()
  const now = Date.now()
  const checked = new Writer()
    .int16(transactionalFlag | controlFlag)
    .int32(0)
    .int64(now)
    .int64(now)
    .int64(producerId)
    .int16(producerEpoch)
    .int32(-1)
    .int32(1)
    .raw(Buffer.from([record.length * 2]))
    .raw(record)
    .toBuffer()
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32c(checked))
  const length = 4 + 1 + 4 + checked.length
  return readBatch(new Writer().int64(0).int32(length).int32(0).int8(2).raw(checksum).raw(checked).toBuffer())
}

/** Offset delta and time of the first record not older than `timestamp`; of the first in the batch if its records cannot be read. */
export function firstRecordSince(
  batch: RecordBatch,
  timestamp: number,
): { delta: number; timestamp: number } {
  const body = batch.bytes.subarray(lengthOfHeader)
  const whole = { delta: 0, timestamp: batch.firstTimestamp }
  if (batch.compression > 1) return whole
  const records = new Reader(batch.compression === 1 ? gunzipSync(body) : body)
  while (records.remaining > 0) {
    const record = new Reader(records.take(records.varint()))
    record.int8()
    const time = batch.firstTimestamp + record.varint()
    const delta = record.varint()
    if (time >= timestamp) return { delta, timestamp: time }
  }
  return whole
}
