import { deserialize, serialize } from 'bson';
import { z } from 'zod';
import { batchMessage, weeklyList, type BatchMessage } from '../../pipelines/lists.ts';

/** How a batch says what it is, as properties of the message. */
export const messageKind = { contentType: 'application/bson', type: 'batch.v2' } as const;

const header = batchMessage.omit({ lists: true });
const lists = z.array(weeklyList).min(1);

/** The bytes of a batch: BSON documents one after the other, the batch without its lists first. */
export function batchBytes({ lists, ...batch }: BatchMessage): Buffer {
  return Buffer.concat([serialize(batch), ...lists.map((list) => serialize(list))]);
}

/** The batch, or in words what is wrong with the bytes. Tracks are a view of the bytes. */
export function parseBatch(content: Uint8Array): BatchMessage | string {
  let documents: unknown[];
  try {
    documents = documentsOf(content);
  } catch (error) {
    return `expected a batch as BSON, got ${content.length} bytes${hint(content)}: ${(error as Error).message}`;
  }
  const batch = header.safeParse(documents[0]);
  if (!batch.success) return mismatch(batch.error);
  const parsed = lists.safeParse(documents.slice(1));
  if (!parsed.success) return mismatch(parsed.error, 'lists');
  return { ...batch.data, lists: parsed.data };
}

const minDocumentBytes = 5;

/** @throws RangeError where the documents do not fill the bytes; BSONError inside of one */
function documentsOf(content: Uint8Array): unknown[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const documents: unknown[] = [];
  for (let at = 0; at < content.length;) {
    const left = content.length - at;
    const size = left < minDocumentBytes ? 0 : view.getInt32(at, true);
    if (size < minDocumentBytes || size > left) {
      throw new RangeError(
        `expected a document at ${at}, got a length of ${size} with ${left} bytes left`,
      );
    }
    documents.push(deserialize(content.subarray(at, at + size), { promoteBuffers: true }));
    at += size;
  }
  return documents;
}

/** Batches of version 1 were JSON. */
function hint(content: Uint8Array): string {
  return content[0] === 0x7b ? ' that begin as JSON, as a batch of version 1 does' : '';
}

function mismatch({ issues }: z.ZodError, within?: string): string {
  const { path, message } = issues[0]!;
  const place = (within === undefined ? path : [within, ...path]).join('.') || 'message';
  return `expected a batch of version 2, ${place}: ${message}`;
}
