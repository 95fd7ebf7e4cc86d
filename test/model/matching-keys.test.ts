import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { artistKey, titleKeys, twoScripts } from '../../model/matching.ts';

describe('the key of an artist', () => {
  test.each([
    ['Beyoncé', 'BEYONCE'],
    ['Sigur Rós', 'sigur ros'],
    ['Röyksopp', 'Royksopp'],
    ['MØ', 'Mo'],
    ['AC/DC', 'ACDC'],
    ['P!nk', 'Pink'],
    ['Ke$ha', 'Kesha'],
    ['Ne-Yo', 'NeYo'],
    ['Florence + The Machine', 'Florence and the Machine'],
    ['Mumford & Sons', 'Mumford and Sons'],
    ['Salt-N-Pepa', 'Salt and Pepa'],
    ['The Beatles', 'Beatles, The'],
    ['Guns N’ Roses', "Guns N' Roses"],
    ['Mute Math', 'MUTEMATH'],
    ['ＳＣＡＮＤＡＬ', 'Scandal'],
    ['VIXX (빅스)', '빅스 (VIXX)'],
    ['Paniс at the Disco', 'Panic at the Disco'],
    ['İlhan İrem', 'Ilhan Irem'],
    ['A Pink http://t.co/TujxyWjXnw', 'A Pink'],
    ['Jorge e Mateus', 'Jorge & Mateus'],
  ])('%s is %s', (one, other) => {
    expect(artistKey(one)).toBe(artistKey(other));
  });

  test.each([
    ['Queen', 'Queens'],
    ['The The', 'The'],
    ['!!!', '???'],
    ['か', 'が'],
    ['Was (Not Was)', 'Was'],
    ['G-Unit', 'Unit'],
  ])('%s is not %s', (one, other) => {
    expect(artistKey(one)).not.toBe(artistKey(other));
  });

  test('a name of nothing but signs keeps them', () => {
    expect(artistKey('!!!')).toBe('!!!');
    expect(artistKey('+/-')).toBe('+/-');
    expect(artistKey('The')).toBe('the');
  });

  test('both scripts of a name are told apart', () => {
    expect(twoScripts('빅스(VIXX)')).toEqual({ latin: 'vixx', other: '빅스' });
    expect(twoScripts('f(x)')).toBeUndefined();
    expect(twoScripts('(G)I-DLE')).toBeUndefined();
    expect(twoScripts('Queen')).toBeUndefined();
  });

  test('is never empty, and case does not count', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        fc.pre(name.trim() !== '');
        expect(artistKey(name)).not.toBe('');
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z '&-]{0,20}$/), (name) => {
        expect(artistKey(name.toUpperCase())).toBe(artistKey(name));
      }),
    );
  });
});

describe('the keys of a title', () => {
  test.each([
    ['Roxanne', 'Roxanne - Remastered 2003'],
    ['Autobahn', 'Autobahn - 2009 - Remaster'],
    ['I Got The Blues', 'I Got The Blues (2009 Re-Mastered Digital Version)'],
    ['Get Lucky', 'Get Lucky (feat. Pharrell Williams) [Radio Edit]'],
    ['Latch', 'Latch feat. Sam Smith'],
    ['Dark Horse', 'Dark Horse (feat. Juicy J) ft. Juicy J'],
    ['Starships', 'Starships (Explicit)'],
    ['Genesis', 'Genesis (Live on KEXP)'],
    ['Lump', 'Lump - Live at the BBC, 1995'],
    ['Evidências', 'Evidências - Ao Vivo'],
    ['Light My Fire', 'Light My Fire - Mono'],
    ['Love Story', 'Love Story - US Album Version'],
    ['Show Me Heaven', 'Show Me Heaven - From "Days Of Thunder" Soundtrack'],
    ['Skyfall', 'Skyfall (From the Motion Picture "Skyfall")'],
    ['Rude', 'Rude (Official Video)'],
    ['Pentagram', 'Pentagram (Bonus Track)'],
    ['Dogs, Pt. 2', 'Dogs (Part II)'],
    ['Muda Tangguh Dan Perkasa', 'Muda, Tangguh & Perkasa'],
    ["Runnin' Down A Dream", 'Running Down a Dream'],
    ['I Bet U Look Good', 'I Bet You Look Good'],
    ['いいね!', 'いいね！'],
  ])('%s is the same track as %s', (one, other) => {
    expect(titleKeys(other).track).toBe(titleKeys(one).track);
  });

  test.each([
    ['Clarity', 'Clarity - Tiësto Remix'],
    ['Ignition', 'Ignition (Remix)'],
    ['Top', 'Top (Remix) feat. Lil Durk'],
    ['Zombie', 'Zombie - Acoustic Version'],
    ['Enter Sandman', 'Enter Sandman (Instrumental)'],
    ['My Favourite Game', 'My Favorite Game (cover of The Cardigans)'],
    ['Harvest Moon', 'Harvest Moon - Recorded at Spotify Studios NYC'],
    ['Roses', 'Roses (Sped Up)'],
    ['Love Story', 'Love Story (Taylor’s Version)'],
    ['Partition Love', 'Partition Love -Royal Mirrorball Mix-'],
    ['Hurt', 'Hurt [Karaoke Version]'],
    ['Interloper', 'Interloper (demo)'],
    ['Motion Sickness', 'Motion Sickness (Demo - Bonus Track)'],
  ])('%s is the same work as %s but another track', (one, other) => {
    expect(titleKeys(other).work).toBe(titleKeys(one).work);
    expect(titleKeys(other).track).not.toBe(titleKeys(one).track);
  });

  test.each([
    ['Zombie - Acoustic', 'Zombie (Acoustic Version)'],
    ['Waves (Robin Schulz Remix)', 'Waves - Robin Schulz Radio Edit'],
    ['Paradise (Tiësto Remix)', 'Paradise - Tiësto Remix - Radio Edit'],
  ])('%s and %s are one version', (one, other) => {
    expect(titleKeys(one).track).toBe(titleKeys(other).track);
  });

  test.each([
    ['Live and Let Die', 'Die'],
    ['Live Forever', 'Forever'],
    ['Live', 'Demo'],
    ['Remix (Ignition)', 'Ignition'],
    ["(I Can't Get No) Satisfaction", 'Satisfaction'],
    ['Radio/Video', 'Radio'],
    ['Part 1', 'Part 2'],
    ['For April, Pt. 1', 'For April, Pt. 2'],
    ['Make A Move', 'Make A Move - Pt. 2'],
    ['1999', '1998'],
    ['The Unforgiven II', 'The Unforgiven III'],
    ['Shotta Flow 3', 'Shotta Flow 5'],
    ['Black Hole Sun (Interlude)', 'Black Hole Sun'],
    ['Wonder (Live Your Life)', 'Wonder'],
    ['Why (With Or Without You)', 'Why'],
    ['Home (1999)', 'Home'],
  ])('%s is another work than %s', (one, other) => {
    expect(titleKeys(one).work).not.toBe(titleKeys(other).work);
  });

  test('a title that is a version word, or signs alone, is itself', () => {
    expect(titleKeys('Demo').work).toBe('demo');
    expect(titleKeys('(Live)').work).toBe('live');
    expect(titleKeys('Instrumental - Live').work).toBe('instrumental');
    expect(titleKeys('...').track).toBe('...');
    expect(titleKeys('???').track).not.toBe(titleKeys('!!!').track);
  });

  test('says how much was left out', () => {
    expect(titleKeys('Roxanne').stripped).toBe(0);
    expect(titleKeys('Roxanne - Remastered 2003').stripped).toBe(1);
    expect(titleKeys('Roxanne (feat. X) - Live').stripped).toBe(2);
  });

  test('are never empty, and a track key begins with its work key', () => {
    const words = fc.constantFrom(
      ...[
        'Live',
        'Remix',
        '(Live)',
        '- 2011 Remaster',
        'feat. X',
        '(',
        ')',
        '[Demo]',
        '-',
        '愛',
        '!',
        'Song',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme', minLength: 1 }),
          fc.array(words, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' ')),
        ),
        (title) => {
          const { track, work } = titleKeys(title);
          expect(work).not.toBe('');
          expect(track.startsWith(work)).toBe(true);
        },
      ),
    );
  });
});
