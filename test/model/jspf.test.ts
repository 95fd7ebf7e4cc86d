import { expect, test } from '@jest/globals';
import { jspfExtension, toJspf } from '../../model/jspf.ts';

test('a list becomes JSPF with its week, and tracks in order with length in milliseconds', () => {
  const list = {
    user: 'ana:1/é',
    week: '2014-W36',
    zone: 'Asia/Jakarta',
    validFrom: '2014-08-31T17:00:00.000Z',
    validUntil: '2014-09-07T17:00:00.000Z',
    tracks: [
      {
        trackId: 't1',
        title: 'Teardrop',
        artists: ['Massive Attack', 'Elizabeth Fraser'],
        album: 'Mezzanine',
        lengthS: 330,
        reason: 'more by Massive Attack',
      },
      { trackId: 't2', title: 'Glory Box', artists: ['Portishead'], reason: 'popular' },
    ],
  };
  expect(toJspf(list)).toEqual({
    playlist: {
      title: 'Your Monday mix, 2014-W36',
      creator: 'mondaymix',
      date: '2014-08-31T17:00:00.000Z',
      identifier: 'urn:mondaymix:ana%3A1%2F%C3%A9:2014-W36',
      extension: {
        [jspfExtension]: [
          {
            user: 'ana:1/é',
            week: '2014-W36',
            zone: 'Asia/Jakarta',
            validFrom: '2014-08-31T17:00:00.000Z',
            validUntil: '2014-09-07T17:00:00.000Z',
          },
        ],
      },
      track: [
        {
          trackNum: 1,
          identifier: ['urn:mondaymix:track:t1'],
          title: 'Teardrop',
          creator: 'Massive Attack, Elizabeth Fraser',
          album: 'Mezzanine',
          duration: 330_000,
          annotation: 'more by Massive Attack',
        },
        {
          trackNum: 2,
          identifier: ['urn:mondaymix:track:t2'],
          title: 'Glory Box',
          creator: 'Portishead',
          annotation: 'popular',
        },
      ],
    },
  });
});
