import { isUtf8 } from 'node:buffer';
import { checkListen, listenLimits, type CheckedListen, type ListenType } from './listens-check.ts';
import { Refusal } from './listens-errors.ts';

/** What a request to `/1/submit-listens` brought. */
export interface Submission {
  readonly type: ListenType;
  /** 1 or more; exactly 1 but for `import`. */
  readonly listens: readonly CheckedListen[];
}

const types: readonly unknown[] = ['single', 'import', 'playing_now'] satisfies ListenType[];

/** What is said of a body that is larger than any may be. */
export const tooLarge = `Payload too large. Payload cannot exceed ${listenLimits.requestBytes} bytes`;

/**
 * Reads the body of a submission. Either all of its listens are accepted or none.
 *
 * @param nowS - seconds since 1970
 * @throws Refusal 400 with ListenBrainz's message, in the order of its checks
 */
export function readSubmission(body: Uint8Array, nowS: number): Submission {
  if (body.byteLength > listenLimits.requestBytes) refuse(tooLarge);
  const document = parseJson(body);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    refuse('Invalid JSON document submitted. Top level of JSON document should be a json object.');
  }
  if (!('payload' in document)) refuse('Invalid JSON document submitted.');
  const { payload } = document;
  if (!Array.isArray(payload)) {
    refuse('The payload in the JSON document should be a list of listens.');
  }
  if (payload.length === 0) refuse('JSON document does not contain any listens');
  if (payload.length > listenLimits.listensPerRequest) {
    refuse(
      `Too many listens. You may not submit more than ${listenLimits.listensPerRequest} listens at once.`,
    );
  }
  if (body.byteLength > payload.length * listenLimits.listenBytes) {
    refuse(
      `JSON document is too large. Each listens may not be larger than ${listenLimits.listenBytes} bytes.`,
    );
  }
  if (!('listen_type' in document)) refuse('Invalid JSON document submitted.');
  if (!types.includes(document.listen_type)) {
    refuse('JSON document requires a valid listen_type key.');
  }
  const type = document.listen_type as ListenType;
  if (type !== 'import' && payload.length > 1) {
    refuse(
      'JSON document contains more than listen for a single/playing_now. It should contain only one.',
    );
  }
  return { type, listens: payload.map((listen) => checkListen(listen, type, nowS)) };
}

/** @throws Refusal 400 for what is no JSON in UTF-8 */
export function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) refuse('Cannot parse JSON document: expected UTF-8');
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (error) {
    // V8 repeats a piece of the document, which may hold line breaks.
    return refuse(
      `Cannot parse JSON document: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`,
    );
  }
}

function refuse(message: string): never {
  throw new Refusal(400, message);
}
