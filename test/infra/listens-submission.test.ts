import { describe, expect, test } from '@jest/globals';
import { listenLimits } from '../../infra/http/listens-check.ts';
import { readSubmission } from '../../infra/http/listens-submission.ts';
import { listen, nowS, playing, refusalOf } from '../support/submitted-listens.ts';

const submit = (value: unknown) => readSubmission(Buffer.from(JSON.stringify(value)), nowS);

describe('A submission is refused with the words of ListenBrainz:', () => {
  const single = (payload: unknown) => ({ listen_type: 'single', payload });

  test.each<[what: string, document: unknown, message: string]>([
    ...[1, false, null, [2, 3], 'foobar'].map((value): [string, unknown, string] => [
      `${JSON.stringify(value)} for a document`,
      value,
      'Invalid JSON document submitted. Top level of JSON document should be a json object.',
    ]),
    ['without payload', { listen_type: 'single' }, 'Invalid JSON document submitted.'],
    [
      'an object for payload',
      single({}),
      'The payload in the JSON document should be a list of listens.',
    ],
    ['an empty payload', single([]), 'JSON document does not contain any listens'],
    [
      '1,001 listens',
      { listen_type: 'import', payload: Array.from({ length: 1001 }, () => listen()) },
      'Too many listens. You may not submit more than 1000 listens at once.',
    ],
    [
      'a listen of more than 10,240 bytes',
      single([listen({}, { a: 'x'.repeat(10_240) })]),
      'JSON document is too large. Each listens may not be larger than 10240 bytes.',
    ],
    ['without listen_type', { payload: [listen()] }, 'Invalid JSON document submitted.'],
    [
      'an unknown listen_type',
      { listen_type: 'double', payload: [listen()] },
      'JSON document requires a valid listen_type key.',
    ],
    [
      'two single listens',
      single([listen(), listen()]),
      'JSON document contains more than listen for a single/playing_now. It should contain only one.',
    ],
    [
      'two that are playing',
      { listen_type: 'playing_now', payload: [playing(), playing()] },
      'JSON document contains more than listen for a single/playing_now. It should contain only one.',
    ],
    [
      'one bad listen among good ones',
      { listen_type: 'import', payload: [listen(), listen({ listened_at: 'x' }), listen()] },
      'JSON document must contain an int value for listened_at.',
    ],
  ])('%s', (_what, document, message) => {
    const refusal = refusalOf(() => submit(document));
    expect([refusal.code, refusal.message]).toEqual([400, message]);
  });

  test.each([
    ['a document that is cut off', Buffer.from('{"payload":')],
    ['no document', Buffer.from('')],
    ['a document that is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('%s', (_what, body) => {
    const refusal = refusalOf(() => readSubmission(body, nowS));
    expect(refusal.message).toMatch(/^Cannot parse JSON document: [^\n]+$/);
  });

  test('a body that is larger than any may be', () => {
    const body = Buffer.alloc(listenLimits.requestBytes + 1, ' ');
    expect(refusalOf(() => readSubmission(body, nowS)).message).toBe(
      'Payload too large. Payload cannot exceed 10240000 bytes',
    );
  });
});

test('a thousand listens are taken in their order', () => {
  const payload = Array.from({ length: 1000 }, (_, n) =>
    listen({ listened_at: 1_500_000_000 + n }),
  );
  const { type, listens } = submit({ listen_type: 'import', payload });
  expect(type).toBe('import');
  expect(listens.map(({ listenedAtS }) => listenedAtS)).toEqual(
    payload.map(({ listened_at }) => listened_at),
  );
});
